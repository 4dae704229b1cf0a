// The session page: which repetition is looked at, its motion and curve, and the clinician's decision on it.
import { calm, keys, toast } from './shell.js';
import { mount } from './controls.js';
import { Curve } from './curve.js';
import { Marks } from './marks.js';
import { Decide } from './decide.js';
import { Place, asked } from './place.js';
import { Notes } from './notes.js';
import { articleOf, cellOf } from './verdicts.js';

const $ = (selector) => document.querySelector(selector), $$ = (selector) => [...document.querySelectorAll(selector)];
const words = JSON.parse($('#session-words').textContent);
const view = $('.view'), strip = $('#strip'), findings = $('#findings');
const wanted = asked(); // of the address, for the first repetition only
const motions = new Map(), bands = new Map(); // by repetition: what was fetched, so that it is loaded once
let current = $('.rep[aria-current="true"]')?.dataset.repetition, shown = null, curve = null, marks = null, place = null;

const order = () => $$('.rep').map((cell) => cell.dataset.repetition);
const article = () => articleOf(current);

// ---- which repetition
async function fetchJson(url) {
  const answer = await fetch(url, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return answer.json();
}

function once(kept, uuid, url) {
  if (!kept.has(uuid)) kept.set(uuid, fetchJson(url).catch(() => { kept.delete(uuid); return null; }));
  return kept.get(uuid);
}
const motionOf = (uuid) => once(motions, uuid, articleOf(uuid).dataset.motionUrl);
const bandOf = (uuid) => once(bands, uuid, articleOf(uuid).dataset.bandUrl);

function select(uuid, { focus = false } = {}) {
  if (!uuid || !cellOf(uuid)) return;
  decide.chooser()?.open(false);
  current = uuid;
  for (const cell of $$('.rep')) cell.setAttribute('aria-current', cell.dataset.repetition === uuid);
  for (const one of findings.children) one.hidden = one.dataset.repetition !== uuid;
  place?.write();
  view.querySelector('canvas').setAttribute('aria-describedby', `f-${uuid} twin-${uuid}`);
  $('#now').textContent = articleOf(uuid).dataset.summary;
  const cell = cellOf(uuid), box = cell.getBoundingClientRect(), frame = strip.getBoundingClientRect();
  if (box.left < frame.left || box.right > frame.right) {
    strip.scrollBy({ left: box.left - frame.left - (frame.width - box.width) / 2, behavior: calm() ? 'auto' : 'smooth' });
  }
  if (focus) cell.focus({ preventScroll: true });
  showMotion(uuid);
}

function step(by) {
  const all = order();
  select(all[(all.indexOf(current) + by + all.length) % all.length]);
}

async function showMotion(uuid) {
  if (!shown) return;
  const motion = await motionOf(uuid);
  if (uuid !== current) return; // another one was chosen meanwhile
  view.classList.toggle('no-motion', !motion);
  if (!motion) return;
  const { player } = shown, of = articleOf(uuid).dataset;
  marks.angle = null;
  player.load(motion);
  curve.show(of.angles.split(' '));
  player.camera(of.camera || (curve.angle.endsWith('_valgus') ? 'front' : 'side'));
  player.seek(player.worst());
  showBefore(uuid);
  place.go(wanted);
  for (const name of Object.keys(wanted)) delete wanted[name];
  tell('[data-worst]', motion.worst.sentence);
  showBand(uuid);
  const next = order()[order().indexOf(uuid) + 1];
  if (next) motionOf(next);
}

// The same exercise of the session before: fetched when it is asked for.
async function showBefore(uuid) {
  const { player } = shown, url = articleOf(uuid).dataset.beforeUrl;
  view.querySelector('[data-mode="before"]').disabled = !url;
  if (player.mode !== 'before' || player.before) return;
  const motion = url && await once(motions, url, url);
  if (uuid !== current) return;
  if (motion) player.compare(motion); else player.setMode('side');
}

async function showBand(uuid) {
  const band = await bandOf(uuid);
  if (uuid === current) curve?.setBand(band);
}

// What the curve shows, in words.
function tellBand() {
  tell('[data-outside]', curve.angleBand?.sentence);
}

// The server's words for a repetition are new ones: what its body and curve say goes there again.
async function tellAgain(uuid) {
  showBand(uuid);
  tell('[data-worst]', (await motionOf(uuid))?.worst.sentence);
}

// The panel is the text twin of body and curve: a sentence of theirs goes there.
function tell(place, sentence) {
  const twin = article()?.querySelector(place);
  if (!twin) return;
  twin.textContent = sentence ?? '';
  twin.hidden = !sentence;
}

// ---- the decision
const desk = { current: () => current, select, order, frame: () => Math.round(shown?.player.frame ?? 0) };
const notes = new Notes($('.panel'), words, desk);
const decide = new Decide(findings, words, desk, notes);
decide.addEventListener('saved', ({ detail: { uuid } }) => {
  bands.clear(); // a verdict may change what is correct
  if (uuid === current) tellAgain(uuid);
});

strip?.addEventListener('click', (e) => {
  const cell = e.target.closest('.rep');
  if (!cell || e.ctrlKey || e.metaKey) return; // a link: it may be opened elsewhere
  e.preventDefault();
  select(cell.dataset.repetition, { focus: true });
});

findings.addEventListener('click', (e) => {
  const { frame } = e.target.dataset;
  if (frame === undefined || !shown || e.ctrlKey || e.metaKey) return;
  e.preventDefault();
  shown.player.pause();
  shown.player.seek(+frame);
});

// ---- a link to exactly this view
async function copyLink() {
  place?.write();
  const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  toast(copied ? words.link_copied : words.link_above);
}
$('[data-link]')?.addEventListener('click', copyLink);

// ---- keys
const play = (what) => () => shown?.controls.act(what);
keys({
  ...decide.keys(), '[': () => step(-1), ']': () => step(1),
  ' ': play('play'), ArrowLeft: play('back'), ArrowRight: play('forward'), w: play('worst'), l: play('loop'),
  v: () => shown?.controls.nextMode(), b: () => view.querySelector('[data-mode="before"]:not(:disabled)')?.click(), k: copyLink,
  n: () => article()?.querySelector('[data-note]')?.focus(),
  g: () => $('#next-session')?.click(), p: () => cellOf(current)?.closest('.tray').querySelector('.before')?.click(),
});

// ---- start: the words are already there, the motion follows
if (current) {
  shown = await mount(view, { url: null });
  if (shown) {
    place = new Place(shown.player, () => current);
    shown.player.addEventListener('mode', () => { if (shown.player.motion) showBefore(current); });
    marks = new Marks(shown.player, words);
    curve = new Curve($('.curve'), shown.player, words);
    curve.addEventListener('angle', () => { marks.angle = curve.angle; shown.player.draw(); tellBand(); });
    curve.addEventListener('band', tellBand);
  }
  select(current);
}
