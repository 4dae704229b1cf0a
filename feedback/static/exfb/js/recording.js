// Follows an analysis or a comparison: asks the API with its ETag, and puts in the server's own words only when
// something changed.
const live = document.querySelector('[data-live]');
const QUICK = 1500, SLOW = 20000, MOST = 5000; // with the silence of a worker: 10 s until its loss is told
let etag = '', wait = QUICK, timer = 0;

const isOpen = () => live.querySelector('[data-open]') !== null;

async function refresh() {
  const answer = await fetch(`?part=${live.dataset.part ?? 'status'}`, { headers: { Accept: 'text/html' } });
  if (!answer.ok || answer.redirected) return;
  const html = await answer.text();
  if (html !== live.dataset.shown) { live.dataset.shown = html; live.innerHTML = html; }
  const cancel = document.querySelector('[data-cancel]');
  if (cancel) cancel.hidden = !isOpen();
  const next = live.querySelector('[data-next]');
  if (next) location.assign(next.dataset.next);
}

async function ask() {
  try {
    const answer = await fetch(live.dataset.api, { headers: etag ? { 'If-None-Match': etag } : {}, cache: 'no-store' });
    if (answer.status === 200) {
      etag = answer.headers.get('ETag') || '';
      // Who is far behind in the queue need not ask as often as who is next.
      const { expected_wait_seconds: expected } = await answer.json();
      wait = Math.min(MOST, Math.max(QUICK, 50 * (expected ?? 0)));
      await refresh();
    } else {
      wait = Math.min(MOST, wait * 1.3);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a TypeError is the network: ask again later
    wait = Math.min(2 * MOST, wait * 2);
  }
  later();
}

function later() {
  clearTimeout(timer);
  if (isOpen()) timer = setTimeout(ask, document.hidden ? SLOW : wait);
}

if (live?.dataset.api) {
  document.addEventListener('visibilitychange', () => { if (!document.hidden && isOpen()) ask(); });
  later();
}
