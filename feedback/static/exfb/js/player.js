// Plays one repetition: the performed and the corrected body on one floor and one clock, or the performed one beside that
// of an earlier session. Draws only when something changed.
import { Color, DirectionalLight, HemisphereLight, Scene, Vector3, WebGLRenderer } from '../vendor/three/three.module.min.js';
import { css } from './shell.js';
import { Body } from './body.js';
import { View } from './view.js';
import { Pace } from './pace.js';
import { Floor, planted } from './floor.js';
import { track } from './tracks.js';

export const MODES = ['overlay', 'side', 'ghost']; // and 'before', where an earlier motion is there
const COLORS = { performed: 'performed', corrected: 'corrected', before: 'ink-3' }; // tokens

export class Player extends EventTarget {
  // `stage` holds a canvas and svg.over; events: frame, drawn, state, camera, mode, load. `below(width)`: pixels to leave free there.
  constructor(stage, { mode = 'overlay', camera = 'three', loop = true } = {}) {
    super();
    Object.assign(this, { stage, mode, loop, frame: 0, speed: 1, playing: false, motion: null, below: () => 0 });
    this.canvas = stage.querySelector('canvas');
    this.svg = stage.querySelector('svg.over');
    this.renderer = new WebGLRenderer({ canvas: this.canvas });
    this.pace = new Pace(this.renderer, () => this.draw());
    this.view = new View(stage, camera);
    this.scene = new Scene();
    this.sky = new HemisphereLight(0xffffff, 0x8d8a84, 2.1);
    this.sun = new DirectionalLight(0xffffff, 1.5);
    this.sun.position.set(1.5, 3, 2);
    this.bodies = { performed: new Body(false), corrected: new Body(true), before: new Body(false) };
    this.floor = new Floor(Object.keys(this.bodies));
    this.scene.add(this.sky, this.sun, this.floor.group, ...Object.values(this.bodies).map((body) => body.group));
    this.theme();
    addEventListener('themechange', () => this.theme());
    new ResizeObserver(() => this.resize()).observe(stage);
    this.dragToTurn();
  }

  // ---- what is shown
  load(motion) {
    this.pause();
    this.motion = motion;
    this.rate = motion.frame_rate;
    this.tracks = {};
    this.poses = {};
    this.stands = {};
    this.before = null;
    this.put('performed', motion.performed, motion);
    if (motion.corrected) this.put('corrected', motion.corrected, motion);
    this.frame = 0;
    this.measure();
    this.fit();
    this.dispatchEvent(new Event('load'));
    this.seek(0);
  }

  put(body, rows, { joints, frame_rate }) {
    this.tracks[body] = track(rows);
    this.stands[body] = planted(this.tracks[body], joints, frame_rate);
    this.poses[body] = Object.fromEntries(joints.map((name) => [name, new Vector3()]));
    this.bodies[body].reset();
  }

  // The same exercise of an earlier session, for the mode "before"; it is stretched onto this one's clock.
  compare(motion) {
    this.before = motion;
    this.put('before', motion.performed, motion);
    this.measure();
    this.fit();
    this.setMode(this.mode);
  }

  // The frame of the earlier motion at this moment.
  get frameBefore() { return (this.frame * (this.before.frames - 1)) / Math.max(1, this.frames - 1); }

  get cameraName() { return this.view.name; }
  get frames() { return this.motion ? this.motion.frames : 0; }
  get hasCorrection() { return !!this.tracks?.corrected; }
  get isBefore() { return this.mode === 'before' && !!this.before; }
  get split() { return this.isBefore || (this.mode === 'side' && this.hasCorrection); }
  get beside() { return this.isBefore ? 'before' : 'corrected'; }

  worst() { return this.motion.worst.frame; }

  setMode(mode) {
    this.mode = mode;
    this.fit();
    this.draw();
    this.dispatchEvent(new Event('mode'));
  }

  // ---- the clock
  seek(frame) {
    this.frame = Math.max(0, Math.min(this.frames - 1, frame));
    this.draw();
    this.dispatchEvent(new Event('frame'));
  }

  step(by) { this.pause(); this.seek(Math.round(this.frame) + by); }

  play() {
    if (this.playing || !this.motion) return;
    if (!this.loop && this.frame >= this.frames - 1) this.frame = 0;
    this.playing = true;
    let last = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      const next = this.frame + Math.min(0.1, (now - last) / 1000) * this.rate * this.speed;
      last = now;
      if (next >= this.frames - 1 && !this.loop) {
        this.pause();
        this.seek(this.frames - 1);
        return;
      }
      this.seek(next >= this.frames - 1 ? 0 : next);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    this.dispatchEvent(new Event('state'));
  }

  pause() {
    if (this.playing) {
      this.playing = false;
      this.pace.rest();
    }
    this.dispatchEvent(new Event('state'));
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  // ---- the camera
  camera(name) {
    this.view.look(name);
    this.moved(true);
  }

  turn(turned, raised = 0) {
    this.view.turn(turned, raised);
    this.moved();
  }

  zoom(factor) {
    this.view.zoom(factor);
    this.moved();
  }

  // A view of before, as `view.free` gave it.
  goTo(free) {
    this.view.goTo(free);
    this.moved(true);
  }

  moved(fit = false) {
    if (fit) this.fit();
    this.draw();
    this.dispatchEvent(new Event('camera'));
  }

  dragToTurn() {
    let at = null;
    this.canvas.addEventListener('pointerdown', (e) => {
      at = [e.clientX, e.clientY];
      this.canvas.setPointerCapture(e.pointerId);
    });
    this.canvas.addEventListener('pointermove', (e) => {
      if (!at) return;
      this.turn((at[0] - e.clientX) * 0.008, (e.clientY - at[1]) * 0.006);
      at = [e.clientX, e.clientY];
    });
    for (const end of ['pointerup', 'pointercancel']) this.canvas.addEventListener(end, () => { at = null; });
  }

  // The whole motion in the picture, whatever is shown beside it.
  measure() {
    const { reach, target } = this.view.measure(Object.values(this.tracks));
    this.floor.size(reach, target);
  }

  fit() { this.view.fit(this.split ? 2 : 1, this.below(this.view.width)); }

  resize() {
    this.view.resize();
    if (!this.view.width || !this.view.height) return;
    this.pace.resize(this.view);
    this.fit();
    this.draw();
  }

  // Where a joint lies in the picture, in CSS pixels.
  screen(point, body = 'performed') {
    return this.view.screen(point, this.split && body !== 'performed');
  }

  // ---- drawing
  theme() {
    const color = (token) => new Color(css(token)), dark = getComputedStyle(document.documentElement).colorScheme === 'dark';
    this.scene.background = color('stage');
    for (const [name, body] of Object.entries(this.bodies)) {
      body.material.color = color(COLORS[name]);
      body.shadowMaterial.color = color('shadow');
    }
    this.sky.intensity = dark ? 1.5 : 2.6;
    this.sky.groundColor = new Color(dark ? 0x55524d : 0xb8b2a8);
    this.sun.intensity = dark ? 1.7 : 1.6;
    this.floor.theme(COLORS);
    this.draw();
  }

  pose(body) {
    const path = this.tracks[body], { joints } = this.motion, width = joints.length * 3;
    const at = body === 'before' ? this.frameBefore : this.frame, last = path.length / width - 1;
    const a = Math.floor(at) * width, b = Math.min(last, Math.floor(at) + 1) * width, t = at % 1;
    joints.forEach((name, j) => {
      const k = j * 3;
      this.poses[body][name].set(
        path[a + k] + (path[b + k] - path[a + k]) * t,
        path[a + k + 1] + (path[b + k + 1] - path[a + k + 1]) * t,
        path[a + k + 2] + (path[b + k + 2] - path[a + k + 2]) * t,
      );
    });
    this.bodies[body].set(this.poses[body]);
  }

  // Which feet of a body are planted at this moment.
  standing(body) {
    const { left, right } = this.stands[body], frame = Math.round(body === 'before' ? this.frameBefore : this.frame);
    return { left: left[frame], right: right[frame] };
  }

  draw() {
    if (!this.motion) return;
    const { corrected } = this.bodies, { renderer } = this, ghost = this.mode === 'ghost';
    const shown = ['performed', ...(this.tracks[this.beside] ? [this.beside] : [])];
    for (const body of shown) this.pose(body);
    if (corrected.material.transparent !== ghost) corrected.material.needsUpdate = true;
    Object.assign(corrected.material, { transparent: ghost, opacity: ghost ? 0.35 : 1, depthWrite: !ghost });
    corrected.shadow.visible = this.split;
    const { width, height } = this.view, eye = this.view.eyeInPlace();
    this.pace.begin(this.playing);
    const part = (x, w, bodies) => {
      for (const name of Object.keys(this.bodies)) {
        this.bodies[name].group.visible = bodies.includes(name);
        this.floor.step(name, this.poses[name], bodies.includes(name) ? this.standing(name) : null);
      }
      renderer.setViewport(x, 0, w, height);
      renderer.setScissor(x, 0, w, height);
      renderer.setScissorTest(true);
      renderer.render(this.scene, eye);
    };
    if (this.split) {
      part(0, width / 2, ['performed']);
      part(width / 2, width / 2, [this.beside]);
    } else part(0, width, shown);
    this.dispatchEvent(new Event('drawn'));
  }
}
