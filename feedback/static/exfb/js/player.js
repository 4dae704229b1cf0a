// Plays one repetition: the performed and the corrected body on one floor and one clock, or the performed one beside that
// of an earlier session. Draws only when something changed.
import { Color, DirectionalLight, HemisphereLight, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from '../vendor/three/three.module.min.js';
import { css } from './shell.js';
import { Body } from './body.js';
import { Floor, planted } from './floor.js';
import { track } from './tracks.js';

// Where each camera stands, seen from the middle of the motion: turned about the vertical, raised (both in radians).
// At 0 it looks into the person's face.
export const CAMERAS = { front: [0, 0.08], side: [-Math.PI / 2, 0.05], three: [-0.6, 0.2], top: [0, 1.54] };
export const MODES = ['overlay', 'side', 'ghost']; // and 'before', where an earlier motion is there
const COLORS = { performed: 'performed', corrected: 'corrected', before: 'ink-3' }; // tokens
const FIELD_OF_VIEW = 26; // degrees; narrow, so that both halves of "side by side" show nearly the same angle
const BODY_RADIUS = 0.14; // metres of flesh around the outermost joint
const UP = new Vector3(0, 1, 0);

export class Player extends EventTarget {
  // `stage` holds a canvas and svg.over; events: frame, drawn, state, camera, mode, load. `below`: pixels to leave free there.
  constructor(stage, { mode = 'overlay', camera = 'three', loop = true } = {}) {
    super();
    Object.assign(this, { stage, mode, loop, cameraName: camera, frame: 0, speed: 1, playing: false, motion: null, closer: 1, below: 0 });
    this.canvas = stage.querySelector('canvas');
    this.svg = stage.querySelector('svg.over');
    this.renderer = new WebGLRenderer({ canvas: this.canvas, antialias: true });
    this.renderer.setPixelRatio(Math.min(2, devicePixelRatio || 1));
    this.scene = new Scene();
    this.eye = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.05, 60);
    this.sky = new HemisphereLight(0xffffff, 0x8d8a84, 2.1);
    this.sun = new DirectionalLight(0xffffff, 1.5);
    this.sun.position.set(1.5, 3, 2);
    this.bodies = { performed: new Body(false), corrected: new Body(true), before: new Body(false) };
    this.floor = new Floor(Object.keys(this.bodies));
    this.scene.add(this.sky, this.sun, this.floor.group, ...Object.values(this.bodies).map((body) => body.group));
    this.target = new Vector3(0, 0.85, 0);
    [this.turned, this.raised] = CAMERAS[camera];
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
    this.playing = false;
    this.dispatchEvent(new Event('state'));
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  // ---- the camera
  camera(name) {
    this.cameraName = name;
    if (name !== 'free') {
      [this.turned, this.raised] = CAMERAS[name];
      this.closer = 1;
    }
    this.fit();
    this.draw();
    this.dispatchEvent(new Event('camera'));
  }

  turn(turned, raised = 0) {
    this.turned += turned;
    this.raised = Math.max(0.02, Math.min(1.54, this.raised + raised));
    this.free();
  }

  zoom(factor) {
    this.closer = Math.max(0.3, Math.min(2.5, this.closer * factor));
    this.free();
  }

  free() {
    this.cameraName = 'free';
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

  // The middle of the whole motion and its outline: a person lying down or stepping far stays in the picture.
  measure() {
    const low = new Vector3(Infinity, 0, Infinity), high = new Vector3(-Infinity, -Infinity, -Infinity), point = new Vector3();
    this.outline = [];
    for (const path of Object.values(this.tracks)) {
      for (let k = 0; path && k < path.length; k += 3) {
        point.set(path[k], path[k + 1], path[k + 2]);
        low.min(point);
        high.max(point);
        if (k % 12 === 0) this.outline.push(point.clone());
      }
    }
    this.target.addVectors(low, high).multiplyScalar(0.5);
    this.reach = Math.max(1.6, high.distanceTo(low) / 2 + 0.9);
    this.floor.size(this.reach, this.target);
  }

  // What the buttons over the picture leave free above and below, in pixels.
  border() {
    const frame = this.stage.getBoundingClientRect(), border = { top: 8, bottom: 8 + this.below };
    for (const tool of this.stage.querySelectorAll('.tool')) {
      const box = tool.getBoundingClientRect(), above = box.bottom - frame.top, under = frame.bottom - box.top;
      if (above < frame.height / 2) border.top = Math.max(border.top, above);
      else if (under < frame.height / 2) border.bottom = Math.max(border.bottom, under + this.below);
    }
    return border;
  }

  // The distance from which the whole motion fits, seen along the present direction.
  fit() {
    const width = (this.stage.clientWidth || 2) / (this.split ? 2 : 1), height = this.stage.clientHeight || 1, { top, bottom } = this.border();
    this.eye.aspect = width / height;
    this.eye.setViewOffset(width, height, 0, (bottom - top) / 2, width, height);
    if (!this.outline) return;
    const tall = Math.tan((FIELD_OF_VIEW * Math.PI) / 360);
    const free = { x: Math.max(0.4, 1 - 32 / width), y: Math.max(0.4, 1 - (top + bottom) / height) };
    const back = this.direction(new Vector3()), right = new Vector3().crossVectors(UP, back).normalize();
    const up = new Vector3().crossVectors(back, right), point = new Vector3();
    this.distance = 0;
    for (const joint of this.outline) {
      point.subVectors(joint, this.target);
      const x = (Math.abs(point.dot(right)) + BODY_RADIUS) / (tall * this.eye.aspect * free.x);
      const y = (Math.abs(point.dot(up)) + BODY_RADIUS) / (tall * free.y);
      this.distance = Math.max(this.distance, Math.max(x, y) + point.dot(back));
    }
  }

  // From the target towards the camera.
  direction(out) {
    const level = Math.cos(this.raised);
    return out.set(level * Math.sin(this.turned), Math.sin(this.raised), level * Math.cos(this.turned));
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.fit();
    this.draw();
  }

  // Where a joint lies in the picture, in CSS pixels.
  screen(point, body = 'performed') {
    const p = point.clone().project(this.eye), width = this.stage.clientWidth / (this.split ? 2 : 1);
    return [((p.x + 1) / 2) * width + (this.split && body !== 'performed' ? width : 0), ((1 - p.y) / 2) * this.stage.clientHeight];
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
    this.eye.position.copy(this.direction(new Vector3())).multiplyScalar(this.distance * this.closer).add(this.target);
    this.eye.lookAt(this.target);
    this.eye.updateMatrixWorld();
    const width = this.stage.clientWidth, height = this.stage.clientHeight;
    const view = (x, w, bodies) => {
      for (const name of Object.keys(this.bodies)) {
        this.bodies[name].group.visible = bodies.includes(name);
        this.floor.step(name, this.poses[name], bodies.includes(name) ? this.standing(name) : null);
      }
      renderer.setViewport(x, 0, w, height);
      renderer.setScissor(x, 0, w, height);
      renderer.setScissorTest(true);
      renderer.render(this.scene, this.eye);
    };
    if (this.split) {
      view(0, width / 2, ['performed']);
      view(width / 2, width / 2, [this.beside]);
    } else view(0, width, shown);
    this.dispatchEvent(new Event('drawn'));
  }
}
