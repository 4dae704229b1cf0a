// The page of a report: prints it, and while it is being made asks how far it is, quickly only while visible.
const QUICK = 1500, SLOW = 20000;
const live = document.querySelector('[data-poll]');

document.querySelector('[data-print]')?.addEventListener('click', () => print());

async function refresh() {
  try {
    const answer = await fetch('?part=status', { headers: { Accept: 'text/html' }, cache: 'no-store' });
    if (answer.ok && !answer.redirected) {
      const html = await answer.text();
      if (html !== live.dataset.shown) { live.dataset.shown = html; live.innerHTML = html; }
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError is the network: ask again later
  }
  later();
}

function later() {
  const next = live.querySelector('[data-next]');
  if (next) location.assign(next.dataset.next);
  else if (live.querySelector('[data-open]')) setTimeout(refresh, document.hidden ? SLOW : QUICK);
}

if (live) later();
