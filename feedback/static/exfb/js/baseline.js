// The button "Use as baseline" of the session page: puts a repetition into its person's baseline, or takes it out.
import { request } from './outbox.js';
import { keys, toast } from './shell.js';
import { fresh } from './verdicts.js';

const words = JSON.parse(document.querySelector('#session-words').textContent);
const article = () => document.querySelector('article.finding:not([hidden])');

async function act(pressed) {
  const { url, baseline: method } = pressed.dataset, uuid = article().dataset.repetition;
  const focused = [pressed, document.body].includes(document.activeElement);
  pressed.disabled = true;
  const { status, body } = await request(method, url);
  if (status >= 200 && status < 300) {
    await refresh(uuid);
    toast(method === 'PUT' ? words.in_baseline : words.out_of_baseline);
    if (focused) document.querySelector(`#baseline-${CSS.escape(uuid)} [data-toggle]`)?.focus();
  } else {
    const place = document.querySelector(`#baseline-${CSS.escape(uuid)} [data-baseline-failed]`);
    place.textContent = status === 400 ? body.errors.map((error) => error.detail).join(' ') : words.no_baseline;
    place.hidden = pressed.disabled = false;
  }
}

// The baseline is the person's: what is said of it changes beside every repetition. The server has the words.
async function refresh(uuid) {
  const page = await fresh(uuid);
  for (const old of document.querySelectorAll('section.baseline')) {
    const now = page?.getElementById(old.id);
    if (now) old.replaceWith(document.adoptNode(now));
  }
}

document.querySelector('#findings')?.addEventListener('click', ({ target }) => {
  const pressed = target.closest('[data-baseline]');
  if (pressed && !pressed.disabled) act(pressed);
});
keys({ r: () => article()?.querySelector('[data-toggle]:not(:disabled)')?.click() });
