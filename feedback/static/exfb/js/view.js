// Where the eye stands and what it sees of the motion. It knows the size of the stage, so that nothing asks for it in every
// frame.
import { PerspectiveCamera, Vector3 } from '../vendor/three/three.module.min.js';

// Where each camera stands, seen from the middle of the motion: turned about the vertical, raised (both in radians).
// At 0 it looks into the person's face.
export const CAMERAS = { front: [0, 0.08], side: [-Math.PI / 2, 0.05], three: [-0.6, 0.2], top: [0, 1.54] };
const FIELD_OF_VIEW = 26; // degrees; narrow, so that both halves of "side by side" show nearly the same angle
const BODY_RADIUS = 0.14; // metres of flesh around the outermost joint
const UP = new Vector3(0, 1, 0);

export class View {
  constructor(stage, name) {
    Object.assign(this, { stage, name, closer: 1, distance: 4, width: 0, height: 0 });
    this.eye = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.05, 60);
    this.target = new Vector3(0, 0.85, 0);
    [this.turned, this.raised] = CAMERAS[name];
    this.resize();
  }

  resize() { [this.width, this.height] = [this.stage.clientWidth, this.stage.clientHeight]; }

  look(name) {
    this.name = name;
    if (name === 'free') return;
    [this.turned, this.raised] = CAMERAS[name];
    this.closer = 1;
  }

  turn(turned, raised) {
    this.turned += turned;
    this.raised = Math.max(0.02, Math.min(1.54, this.raised + raised));
    this.name = 'free';
  }

  zoom(factor) {
    this.closer = Math.max(0.3, Math.min(2.5, this.closer * factor));
    this.name = 'free';
  }

  get free() { return [this.turned, this.raised, this.closer]; }

  goTo([turned, raised, closer]) {
    Object.assign(this, { turned, raised, closer, name: 'free' });
  }

  // The middle of the whole motion and its outline: a person lying down or stepping far stays in the picture.
  measure(tracks) {
    const low = new Vector3(Infinity, 0, Infinity), high = new Vector3(-Infinity, -Infinity, -Infinity), point = new Vector3();
    this.outline = [];
    for (const path of tracks) {
      for (let k = 0; path && k < path.length; k += 3) {
        point.set(path[k], path[k + 1], path[k + 2]);
        low.min(point);
        high.max(point);
        if (k % 12 === 0) this.outline.push(point.clone());
      }
    }
    this.target.addVectors(low, high).multiplyScalar(0.5);
    return { target: this.target, reach: Math.max(1.6, high.distanceTo(low) / 2 + 0.9) };
  }

  // What the buttons over the picture leave free above and below, in pixels.
  border(below) {
    const frame = this.stage.getBoundingClientRect(), border = { top: 8, bottom: 8 + below };
    for (const tool of this.stage.querySelectorAll('.tool')) {
      const box = tool.getBoundingClientRect(), above = box.bottom - frame.top, under = frame.bottom - box.top;
      if (above < frame.height / 2) border.top = Math.max(border.top, above);
      else if (under < frame.height / 2) border.bottom = Math.max(border.bottom, under + below);
    }
    return border;
  }

  // The distance from which the whole motion fits, seen along the present direction, in one of so many parts of the stage.
  fit(parts, below) {
    this.part = (this.width || 2) / parts;
    const width = this.part, height = this.height || 1, { top, bottom } = this.border(below);
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

  eyeInPlace() {
    this.direction(this.eye.position).multiplyScalar(this.distance * this.closer).add(this.target);
    this.eye.lookAt(this.target);
    this.eye.updateMatrixWorld();
    return this.eye;
  }

  // Where a point lies in the picture, in CSS pixels; in the second part of it, if so.
  screen(point, isSecond) {
    const p = point.clone().project(this.eye);
    return [((p.x + 1) / 2) * this.part + (isSecond ? this.part : 0), ((1 - p.y) / 2) * this.height];
  }
}
