// Joins a Player to the buttons around it. Every drag has a button; each button is found by a data attribute:
// data-mode, data-cam, data-turn, data-tilt, data-zoom, data-speed, data-do="play|back|forward|worst|loop", data-scrub, data-time.
import { icon, say } from './shell.js';
import { MODES, Player } from './player.js';

const press = (buttons, chosen) => buttons.forEach((button) => button.setAttribute('aria-pressed', button === chosen));

export class Controls {
  constructor(root, player) {
    this.root = root;
    this.player = player;
    this.scrub = root.querySelector('[data-scrub]');
    this.time = root.querySelector('[data-time]');
    this.playButton = root.querySelector('[data-do="play"]');
    const all = (name) => [...root.querySelectorAll(`[data-${name}]`)];
    const on = (name, act) => all(name).forEach((button) => button.addEventListener('click', () => act(button.dataset[name], button)));
    on('mode', (mode) => player.setMode(mode === 'before' && player.mode === 'before' ? 'side' : mode)); // a second press goes back
    on('cam', (name) => player.camera(name));
    on('turn', (by) => player.turn(by * 0.26));
    on('tilt', (by) => player.turn(0, by * 0.2));
    on('zoom', (factor) => player.zoom(+factor));
    on('speed', (speed, button) => { player.speed = +speed; press(all('speed'), button); });
    on('do', (what) => this.act(what));
    this.scrub?.addEventListener('input', () => { player.pause(); player.seek(+this.scrub.value); });
    player.addEventListener('mode', () => this.show(all('mode'), 'mode', player.mode));
    player.addEventListener('camera', () => this.show(all('cam'), 'cam', player.cameraName));
    player.addEventListener('load', () => this.loaded());
    player.addEventListener('state', () => this.state());
    player.addEventListener('frame', () => this.clock());
    this.show(all('mode'), 'mode', player.mode);
    this.show(all('cam'), 'cam', player.cameraName);
    this.state();
  }

  act(what) {
    const { player } = this;
    if (what === 'play') player.toggle();
    if (what === 'back') player.step(-1);
    if (what === 'forward') player.step(1);
    if (what === 'worst') { player.pause(); player.seek(player.worst()); }
    if (what === 'loop') {
      player.loop = !player.loop;
      this.root.querySelector('[data-do="loop"]').setAttribute('aria-pressed', player.loop);
    }
  }

  nextMode() {
    if (!this.player.hasCorrection) return;
    this.player.setMode(MODES[(MODES.indexOf(this.player.mode) + 1) % MODES.length]);
  }

  show(buttons, name, value) {
    press(buttons, buttons.find((button) => button.dataset[name] === value));
    this.root.classList.toggle('is-split', this.player.split);
    this.root.classList.toggle('is-before', this.player.isBefore);
  }

  loaded() {
    const { player, root } = this;
    root.classList.toggle('is-split', player.split);
    root.classList.toggle('is-before', player.isBefore);
    root.classList.toggle('has-correction', player.hasCorrection);
    root.classList.toggle('not-verified', player.hasCorrection && player.motion.verified === false);
    root.querySelectorAll('[data-mode]:not([data-mode="before"])').forEach((button) => { button.disabled = !player.hasCorrection; });
    if (this.scrub) this.scrub.max = player.frames - 1;
  }

  state() {
    if (!this.playButton) return;
    const { playing } = this.player, { labelPlay, labelPause } = this.playButton.dataset;
    this.playButton.querySelector('svg').outerHTML = icon(playing ? 'pause' : 'play');
    this.playButton.querySelector('span').textContent = playing ? labelPause : labelPlay;
  }

  clock() {
    const { player } = this, frame = Math.round(player.frame);
    const values = {
      at: (player.frame / player.rate).toFixed(2), end: ((player.frames - 1) / player.rate).toFixed(2),
      frame: frame + 1, frames: player.frames,
    };
    if (this.time) this.time.textContent = say(this.time.dataset.time, values);
    if (this.scrub) {
      this.scrub.value = frame;
      this.scrub.setAttribute('aria-valuetext', say(this.scrub.dataset.scrub, values));
    }
  }
}

/**
 * Make a player in `root` (templates/feedback/_player.html) and show the motion at `url`. Resolves to {player, controls},
 * or null where the browser cannot draw it; then `root` has the class no-motion, and its sentence shows.
 */
export async function mount(root, { url = root.dataset.motionUrl, ...options } = {}) {
  let player;
  try {
    player = new Player(root.querySelector('.stage'), { mode: root.dataset.startMode, camera: root.dataset.startCamera, loop: root.dataset.loop !== 'off', ...options });
  } catch { // the renderer throws a plain Error where there is no WebGL
    root.classList.add('no-motion');
    return null;
  }
  const controls = new Controls(root, player);
  if (url) {
    const answer = await fetch(url, { headers: { Accept: 'application/json' } }).catch(() => null);
    if (!answer?.ok) {
      root.classList.add('no-motion');
      return null;
    }
    player.load(await answer.json());
    player.seek(player.worst());
  }
  return { player, controls };
}
