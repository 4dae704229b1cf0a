// The ground: a grid in metres, and a footprint under each foot that is planted (whole for performed, dashed for corrected).
import {
  BufferGeometry, Color, DoubleSide, Group, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, Vector3,
} from '../vendor/three/three.module.min.js';
import { css } from './shell.js';

const SIDES = ['left', 'right'];
const STILL = 0.3; // metres a second: a planted foot moves less even where a sensor lets it drift, a step is faster
const LIFTED = 0.06; // metres above where the foot is lowest
const REACH = 4; // frames to each side over which the speed is taken: sensors tremble
const CORNERS = 32;
const SOLE = { length: 0.17, width: 0.075 }; // metres, half axes of an ellipse around the foot
const INNER = 0.82;

// The edge of a sole as a flat band on the floor; every second piece of it where it is dashed.
function outline(dashed) {
  const points = [], index = [];
  for (let i = 0; i < CORNERS; i += dashed ? 2 : 1) {
    const k = points.length;
    for (const corner of [i, i + 1]) {
      const a = (2 * Math.PI * corner) / CORNERS;
      for (const edge of [INNER, 1]) points.push(new Vector3(edge * SOLE.width * Math.cos(a), 0, edge * SOLE.length * Math.sin(a)));
    }
    index.push(k, k + 2, k + 1, k + 1, k + 2, k + 3);
  }
  return new BufferGeometry().setFromPoints(points).setIndex(index);
}

/** For each side one byte a frame: whether that foot is planted. `path` is a track of js/tracks.js. */
export function planted(path, joints, rate) {
  const width = joints.length * 3, frames = path.length / width;
  const at = (frame, joint) => frame * width + joints.indexOf(joint) * 3;
  return Object.fromEntries(SIDES.map((side) => {
    const parts = [`${side}_heel`, `${side}_big_toe`];
    const lowest = parts.map((joint) => Math.min(...Array.from({ length: frames }, (_, f) => path[at(f, joint) + 1])));
    const still = (f, joint) => {
      const a = at(Math.max(0, f - REACH), joint), b = at(Math.min(frames - 1, f + REACH), joint);
      const seconds = (b - a) / width / rate || 1;
      return Math.hypot(path[b] - path[a], path[b + 2] - path[a + 2]) / seconds < STILL;
    };
    const stands = (f) => parts.every((joint, i) => path[at(f, joint) + 1] < lowest[i] + LIFTED && still(f, joint));
    return [side, Uint8Array.from({ length: frames }, (_, f) => stands(f))];
  }));
}

export class Floor {
  constructor(names) {
    this.group = new Group();
    this.grid = new LineSegments(new BufferGeometry(), new LineBasicMaterial());
    this.group.add(this.grid);
    this.feet = Object.fromEntries(names.map((name) => [name, this.prints(name === 'corrected')]));
  }

  prints(dashed) {
    const geometry = outline(dashed), material = new MeshBasicMaterial({ side: DoubleSide });
    return Object.fromEntries(SIDES.map((side) => {
      const print = new Mesh(geometry, material);
      print.visible = false;
      this.group.add(print);
      return [side, print];
    }));
  }

  theme(colors) {
    this.grid.material.color = new Color(css('stage-grid'));
    for (const [name, prints] of Object.entries(this.feet)) prints.left.material.color = new Color(css(colors[name]));
  }

  // A round grid about a point, a line each quarter of a metre.
  size(radius, { x: cx, z: cz }) {
    const lines = [];
    for (let at = -Math.floor(radius * 4) / 4; at <= radius; at += 0.25) {
      const half = Math.sqrt(Math.max(0, radius * radius - at * at));
      lines.push(new Vector3(cx + at, 0, cz - half), new Vector3(cx + at, 0, cz + half));
      lines.push(new Vector3(cx - half, 0, cz + at), new Vector3(cx + half, 0, cz + at));
    }
    this.grid.geometry.dispose();
    this.grid.geometry = new BufferGeometry().setFromPoints(lines);
  }

  // Puts the footprints of one body under its feet; `stands` is {left, right}, or null where it is not shown.
  step(name, pose, stands) {
    for (const side of SIDES) {
      const print = this.feet[name][side];
      print.visible = !!stands?.[side];
      if (!print.visible) continue;
      const heel = pose[`${side}_heel`], toe = pose[`${side}_big_toe`];
      print.position.set((heel.x + toe.x) / 2, 0.004, (heel.z + toe.z) / 2);
      print.rotation.y = Math.atan2(toe.x - heel.x, toe.z - heel.z);
    }
  }
}
