// Says in the frame of every page what is not yet saved, and what to do about it. Loaded by base.html for clinicians.
import { say } from './shell.js';
import { outbox } from './outbox.js';
import { lasts } from './vault.js';

const place = document.querySelector('[data-saves]');
let hadSome = false;

function show() {
  const { waiting, stuck, signedOut } = outbox, { saved, waits, signed, blocked, signIn } = place.dataset;
  const n = waiting.length + stuck.length;
  place.classList.toggle('bad', stuck.length > 0 || signedOut);
  place.hidden = !n && !hadSome;
  if (!n) place.textContent = saved;
  else if (stuck.length) place.replaceChildren(link(stuck[0].page, say(blocked, { n: stuck.length })));
  else if (signedOut) place.replaceChildren(link(`${signIn}?next=${encodeURIComponent(location.pathname + location.search)}`, say(signed, { n })));
  else place.textContent = say(waits, { n });
  hadSome ||= n > 0;
}

const link = (href, textContent) => Object.assign(document.createElement('a'), { href, textContent });

if (place) {
  outbox.addEventListener('change', show);
  outbox.ready.then(show);
  addEventListener('beforeunload', (e) => { if (!lasts && outbox.all.length) e.preventDefault(); });
}
