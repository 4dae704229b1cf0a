// Warns before a session that nobody uses ends, and keeps what was typed until its person has signed in again. The server
// decides how long a session lasts; this page only asks and tells.
import { csrf } from './shell.js';

const box = document.querySelector('#idle');
const count = box.querySelector('[data-count]');
const WARN = 120, PAUSE = 60; // seconds
const now = () => Date.now() / 1000;
let end = now() + Number(box.dataset.seconds);
let told = now(), used = false;

const cookie = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

function show(state) {
  for (const part of box.querySelectorAll('[data-state]')) part.hidden = part.dataset.state !== state;
  document.body.classList.toggle('ended', state !== 'soon');
  if (!box.open) box.showModal();
  box.querySelector(`[data-state="${state}"] .btn`).focus();
}

function hide() {
  document.body.classList.remove('ended');
  if (box.open) box.close();
}

/** Signing in again made a new token; forms that were open all the while take it. */
function renew() {
  const token = cookie();
  if (!token) return;
  for (const field of document.querySelectorAll('[name=csrfmiddlewaretoken]')) field.value = token;
  document.documentElement.dataset.csrf = token;
}

/** Ask the server how long the session lasts; POST says that somebody is here. */
async function ask(method) {
  told = now();
  used = false;
  let answer, body;
  try {
    answer = await fetch(box.dataset.url, { method, headers: { 'X-CSRFToken': cookie() ?? csrf() }, cache: 'no-store' });
    body = await answer.json();
  } catch { return; } // the network or the server is away: ask again later
  if (answer.status === 401) { end = 0; show('over'); return; }
  if (body.person !== box.dataset.person) { show('other'); return; }
  end = now() + body.seconds;
  if (document.body.classList.contains('ended')) renew();
  if (body.seconds > WARN) hide(); else show('soon');
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

function tick() {
  if (document.body.classList.contains('ended')) return;
  const left = end - now();
  if (box.open) count.textContent = clock(Math.max(0, left));
  if (left <= 0 ? now() - told > 2 : left <= WARN && !box.open && now() - told > 5) ask('GET');
  else if (used && !box.open && now() - told > PAUSE) ask('POST');
}

for (const name of ['pointerdown', 'keydown', 'wheel', 'touchmove']) {
  addEventListener(name, () => { used = true; }, { passive: true });
}
box.addEventListener('cancel', (e) => e.preventDefault()); // Escape decides nothing here
box.querySelector('[data-stay]').addEventListener('click', () => ask('POST'));
for (const back of box.querySelectorAll('[data-back]')) back.addEventListener('click', () => ask('GET'));
document.addEventListener('visibilitychange', () => { if (!document.hidden && (box.open || now() > end)) ask('GET'); });
setInterval(tick, 1000);
