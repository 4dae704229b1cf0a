// Turns a decision into a message of the outbox, and puts the server's words in place of ours when it is kept.
import { outbox } from './outbox.js';

// What the server now shows of a repetition: the page itself is asked, so that every word has one source.
export async function fresh(uuid) {
  const answer = await fetch(`${location.pathname}?repetition=${uuid}`).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
}

const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value));

export const cellOf = (uuid) => document.querySelector(`.rep[data-repetition="${uuid}"]`);
export const articleOf = (uuid) => document.querySelector(`article[data-repetition="${uuid}"]`);

/** Send what a clinician says of a repetition; `said` is {decision, label, second_label, reason, note}. */
export function give(article, said) {
  const { repetition, verdictsUrl, seen } = article.dataset;
  // The newest verdict that this person knows of: their own last one, or what the server showed. One that was not
  // kept is replaced by what they say now.
  const stuck = outbox.to(verdictsUrl).find((message) => message.state !== 'waiting');
  if (stuck) outbox.drop(stuck.uuid);
  const known = outbox.to(verdictsUrl).at(-1)?.uuid ?? stuck?.standing?.uuid ?? (seen || null);
  const body = { uuid: randomId(), seen: known, ...filled(said) };
  return outbox.add(verdictsUrl, body, `${location.pathname}?repetition=${repetition}`);
}

// crypto.randomUUID is there on HTTPS only.
export function randomId() {
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Put the server's words for one repetition, and the count of what is left, in place of ours. */
export async function refresh(uuid) {
  const page = await fresh(uuid);
  if (!page) return;
  for (const selector of [`article[data-repetition="${uuid}"]`, `.rep[data-repetition="${uuid}"]`, '#left', '#session-notes']) {
    const now = page.querySelector(selector), old = document.querySelector(selector);
    if (!now || !old) continue;
    if (old.matches('article')) {
      now.hidden = old.hidden;
      keepWriting(old, now);
    }
    if (old.matches('.rep')) now.setAttribute('aria-current', old.getAttribute('aria-current'));
    old.replaceWith(document.adoptNode(now));
  }
}

// A note that is being written stays, with the cursor in it.
function keepWriting(old, now) {
  const from = old.querySelector('textarea'), to = now.querySelector('textarea');
  if (!from || !to) return;
  to.value = from.value;
  if (document.activeElement === from) setTimeout(() => { to.focus(); to.setSelectionRange(from.selectionStart, from.selectionEnd); });
}
