// Sends a verdict, and says truthfully what became of it.
import { csrf } from './shell.js';

// Signing in again in another tab renews the token, so the cookie is asked before the page.
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? csrf();

// Resolves to null when the verdict is kept, else to the sentence that says why it is not.
async function send(url, verdict, words) {
  let answer;
  try {
    answer = await fetch(url, {
      method: 'POST',
      keepalive: true, // goes on when the page is left
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': token() },
      body: JSON.stringify(verdict),
    });
  } catch {
    return words.no_connection;
  }
  if (answer.ok) return null;
  if (answer.status === 401) return words.signed_out;
  const problem = await answer.json().catch(() => null);
  return problem?.errors?.map((error) => error.detail).join(' ') || words.server_failed;
}

// What the server now shows of a repetition: the page itself is asked, so that every word has one source.
async function fresh(uuid) {
  const answer = await fetch(`${location.pathname}?repetition=${uuid}`).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
}

const withNote = (note) => (note.trim() ? { note: note.trim() } : {});

export class Verdicts extends EventTarget {
  // events: saved {uuid, verdict}, failed {uuid, sentence}
  constructor(words) {
    super();
    this.words = words;
    this.saving = new Set();
  }

  async give(article, decision, label) {
    const uuid = article.dataset.repetition;
    if (this.saving.has(uuid)) return;
    this.saving.add(uuid);
    const note = article.querySelector('textarea')?.value ?? '';
    const verdict = { decision, ...(label ? { label } : {}), ...withNote(note) };
    const sentence = await send(article.dataset.verdictsUrl, verdict, this.words);
    if (!sentence) await this.refresh(uuid);
    this.saving.delete(uuid);
    this.dispatchEvent(new CustomEvent(sentence ? 'failed' : 'saved', { detail: { uuid, verdict, sentence } }));
  }

  // Puts the server's words for one repetition, and the count of what is left, in place of ours.
  async refresh(uuid) {
    const page = await fresh(uuid);
    if (!page) return;
    for (const selector of [`article[data-repetition="${uuid}"]`, `.rep[data-repetition="${uuid}"]`, '#left']) {
      const now = page.querySelector(selector), old = document.querySelector(selector);
      if (!now || !old) continue;
      if (old.matches('article')) now.hidden = old.hidden;
      if (old.matches('.rep')) now.setAttribute('aria-current', old.getAttribute('aria-current'));
      old.replaceWith(document.adoptNode(now));
    }
  }
}
