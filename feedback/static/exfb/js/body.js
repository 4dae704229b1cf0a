// The flesh around 19 joints: tubes of elliptic rings. Performed is a closed body; corrected is the same body cut into
// separate rings (a dashed line in 3D), so that the two differ by shape as well as by colour.
import {
  BufferAttribute, BufferGeometry, DoubleSide, FrontSide, Group, Mesh, MeshBasicMaterial, MeshLambertMaterial, Vector3,
} from '../vendor/three/three.module.min.js';

const SEGMENTS = 14; // corners of a ring
const STRIDE = SEGMENTS * 3; // numbers of a ring
const RING_PITCH = 0.055; // metres from one ring of the corrected body to the next
const GAP = 0.42; // share of the pitch left open
const CAP = [1.565, 1.1, 0.55]; // angles of the rings that round off a limb's end
const COS = Array.from({ length: SEGMENTS }, (_, i) => Math.cos((2 * Math.PI * i) / SEGMENTS));
const SIN = Array.from({ length: SEGMENTS }, (_, i) => Math.sin((2 * Math.PI * i) / SEGMENTS));

// Along the trunk from below the hips (t < 0) to the shoulders (t = 1): share of its width, share of its depth.
const TRUNK = [
  [-0.17, 0.35, 0.3], [-0.13, 0.8, 0.75], [-0.05, 1, 0.98], [0.06, 1, 1], [0.18, 0.92, 0.93], [0.32, 0.84, 0.86],
  [0.46, 0.86, 0.9], [0.6, 0.95, 1], [0.74, 1.02, 1.04], [0.86, 1.02, 0.98], [0.95, 0.86, 0.82], [1.02, 0.52, 0.58],
  [1.05, 0.28, 0.4],
];
const TRUNK_DEPTH = 0.105;

// Rings in order, tube after tube. The vectors are made once and used again in every frame.
class Rings {
  constructor() {
    this.list = [];
    this.count = 0;
    this.starts = [];
  }

  clear() {
    this.count = 0;
    this.starts.length = 0;
  }

  startTube() {
    this.starts.push(this.count);
  }

  next() {
    if (this.count === this.list.length) this.list.push({ c: new Vector3(), u: new Vector3(), v: new Vector3(), gap: false });
    return this.list[this.count++];
  }

  // [first, end) of each tube
  tubes() {
    return this.starts.map((start, i) => [start, this.starts[i + 1] ?? this.count]);
  }
}

const along = new Vector3(), across = new Vector3(), upright = new Vector3();

// A limb from P to Q: radius r0 to r1, `side` is roughly across it, closed by round caps.
function limb(rings, P, Q, r0, r1, side, { steps = 9, bulge = 0, flat = 1 } = {}) {
  along.subVectors(Q, P);
  const length = along.length() || 1e-3;
  along.divideScalar(length);
  across.copy(side).addScaledVector(along, -side.dot(along));
  if (across.lengthSq() < 0.04) across.set(along.y, along.z, along.x).addScaledVector(along, -(along.x * along.y + along.y * along.z + along.z * along.x));
  across.normalize();
  upright.crossVectors(along, across);
  const put = (start, distance, radius) => {
    const ring = rings.next();
    ring.c.copy(start).addScaledVector(along, distance);
    ring.u.copy(across).multiplyScalar(radius);
    ring.v.copy(upright).multiplyScalar(radius * flat);
  };
  rings.startTube();
  for (const a of CAP) put(P, -r0 * Math.sin(a), r0 * Math.cos(a));
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    put(P, length * t, r0 + (r1 - r0) * t + bulge * Math.sin(Math.PI * Math.min(1, t * 1.35)));
  }
  for (const a of [...CAP].reverse()) put(Q, r1 * Math.sin(a), r1 * Math.cos(a));
}

const hip = new Vector3(), shoulder = new Vector3(), spine = new Vector3(), hipAxis = new Vector3(), shoulderAxis = new Vector3();
const forward = new Vector3(), up = new Vector3(), from = new Vector3(), to = new Vector3(), axis = new Vector3(), depth = new Vector3();

function trunk(rings, pose) {
  const hips = pose.left_hip.distanceTo(pose.right_hip) / 2 + 0.055;
  const shoulders = pose.left_shoulder.distanceTo(pose.right_shoulder) / 2 + 0.012;
  rings.startTube();
  for (const [t, width, thickness] of TRUNK) {
    const ring = rings.next();
    axis.copy(hipAxis).lerp(shoulderAxis, Math.max(0, Math.min(1, t))).normalize();
    const broad = hips + (shoulders - hips) * Math.max(0, Math.min(1, (t - 0.45) / 0.35));
    ring.c.copy(hip).lerp(shoulder, t);
    ring.u.copy(axis).multiplyScalar(broad * width);
    ring.v.crossVectors(spine, axis).normalize().multiplyScalar(TRUNK_DEPTH * thickness);
  }
}

function head(rings) {
  // An upright person holds the head up even when the trunk leans; one lying down keeps it in line.
  up.copy(spine).multiplyScalar(0.55);
  up.y += 0.45 * Math.max(0, spine.y);
  up.normalize();
  from.copy(shoulder).addScaledVector(spine, 0.02);
  to.copy(from).addScaledVector(up, 0.11);
  limb(rings, from, to, 0.056, 0.047, hipAxis, { steps: 3 });
  from.addScaledVector(up, 0.2).addScaledVector(forward, 0.02);
  depth.crossVectors(up, hipAxis).normalize();
  rings.startTube();
  for (let i = 0; i <= 12; i++) {
    const a = -1.565 + (3.13 * i) / 12, ring = rings.next();
    ring.c.copy(from).addScaledVector(up, 0.122 * Math.sin(a));
    ring.u.copy(hipAxis).multiplyScalar(0.079 * Math.cos(a));
    ring.v.copy(depth).multiplyScalar(0.096 * Math.cos(a));
  }
}

function limbs(rings, pose, side) {
  const joint = (name) => pose[`${side}_${name}`];
  limb(rings, joint('hip'), joint('knee'), 0.083, 0.055, hipAxis, { steps: 11, bulge: 0.006 });
  limb(rings, joint('knee'), joint('ankle'), 0.053, 0.034, hipAxis, { steps: 11, bulge: 0.012 });
  limb(rings, joint('shoulder'), joint('elbow'), 0.05, 0.038, forward, { steps: 8 });
  limb(rings, joint('elbow'), joint('wrist'), 0.037, 0.027, forward, { steps: 8, bulge: 0.004 });
  axis.subVectors(joint('wrist'), joint('elbow')).normalize();
  from.copy(joint('wrist')).addScaledVector(axis, 0.03);
  to.copy(joint('wrist')).addScaledVector(axis, 0.11);
  limb(rings, from, to, 0.03, 0.022, forward, { steps: 3, bulge: 0.006, flat: 0.6 });
  from.copy(joint('heel'));
  to.copy(joint('big_toe'));
  from.y = Math.max(0.042, from.y); // the sole stays above the floor, a raised heel stays raised
  to.y = Math.max(0.026, to.y);
  limb(rings, from, to, 0.04, 0.034, hipAxis, { steps: 6, bulge: 0.006, flat: 0.72 });
}

function bodyRings(rings, pose) {
  hip.addVectors(pose.left_hip, pose.right_hip).multiplyScalar(0.5);
  shoulder.addVectors(pose.left_shoulder, pose.right_shoulder).multiplyScalar(0.5);
  spine.subVectors(shoulder, hip).normalize();
  hipAxis.subVectors(pose.left_hip, pose.right_hip).normalize();
  shoulderAxis.subVectors(pose.left_shoulder, pose.right_shoulder).normalize();
  forward.crossVectors(hipAxis, spine).normalize();
  rings.clear();
  trunk(rings, pose);
  head(rings);
  limbs(rings, pose, 'left');
  limbs(rings, pose, 'right');
}

function lerpRing(out, a, b, t) {
  out.c.lerpVectors(a.c, b.c, t);
  out.u.lerpVectors(a.u, b.u, t);
  out.v.lerpVectors(a.v, b.v, t);
}

// Cut one tube into `bands` (odd: ring, gap, ..., ring) of equal pitch along its length.
function cutTube(out, list, start, end, reach, bands) {
  const length = reach[end - 1], pitch = length / ((bands + 1) / 2 - GAP);
  let i = start + 1, x = 0;
  const put = (distance, gap) => {
    while (i < end - 1 && reach[i] < distance) i++;
    const ring = out.next();
    lerpRing(ring, list[i - 1], list[i], Math.min(1, (distance - reach[i - 1]) / (reach[i] - reach[i - 1])));
    ring.gap = gap;
  };
  out.startTube();
  for (let band = 0; band < bands; band++) {
    const gap = band % 2 === 1, width = pitch * (gap ? GAP : 1 - GAP), parts = gap ? 1 : 3;
    for (let part = 0; part < parts; part++) put(Math.min(length, x + (width * part) / parts), gap);
    x += width;
  }
  put(length, false);
}

export class Body {
  constructor(banded) {
    this.whole = new Rings();
    this.cut = banded ? new Rings() : null;
    this.bands = []; // of each tube, chosen once a motion so that the vertices stay the same ones
    this.reach = []; // distance of each ring from the start of its tube
    this.geometry = new BufferGeometry();
    this.material = new MeshLambertMaterial({ side: banded ? DoubleSide : FrontSide });
    this.shadowMaterial = new MeshBasicMaterial();
    this.shadow = new Mesh(this.geometry, this.shadowMaterial);
    this.shadow.matrixAutoUpdate = false;
    // Flattened onto the floor, leaning away from the light.
    this.shadow.matrix.set(1, -0.22, 0, 0, 0, 0.0001, 0, 0.002, 0, -0.16, 1, 0, 0, 0, 0, 1);
    this.group = new Group();
    this.group.add(new Mesh(this.geometry, this.material), this.shadow);
    for (const mesh of this.group.children) mesh.frustumCulled = false;
  }

  // A new motion: the number of rings is chosen anew.
  reset() {
    this.bands.length = 0;
    this.geometry.deleteAttribute('position');
    this.geometry.deleteAttribute('normal');
    this.positions = null;
  }

  // Put the body into a pose: an object of Vector3 by joint name, metres, y up.
  set(pose) {
    bodyRings(this.whole, pose);
    if (this.cut) this.cutRings();
    const rings = this.cut ?? this.whole;
    if (!this.positions) this.build(rings);
    let k = 0;
    for (let i = 0; i < rings.count; i++) {
      const { c, u, v } = rings.list[i];
      for (let s = 0; s < SEGMENTS; s++) {
        this.positions[k++] = c.x + u.x * COS[s] + v.x * SIN[s];
        this.positions[k++] = c.y + u.y * COS[s] + v.y * SIN[s];
        this.positions[k++] = c.z + u.z * COS[s] + v.z * SIN[s];
      }
    }
    this.shade(rings);
    for (const name of ['position', 'normal']) this.geometry.attributes[name].needsUpdate = true;
  }

  // The normal of a corner is across both ways that the surface runs there: to the next ring and around its own.
  shade(rings) {
    const { positions: at, normals: out } = this;
    for (const [start, end] of rings.tubes()) {
      for (let i = start; i < end; i++) {
        const { u, v } = rings.list[i], before = Math.max(start, i - 1) * STRIDE, after = Math.min(end - 1, i + 1) * STRIDE;
        for (let s = 0; s < SEGMENTS; s++) {
          const b = before + s * 3, a = after + s * 3, k = i * STRIDE + s * 3;
          const lx = at[a] - at[b], ly = at[a + 1] - at[b + 1], lz = at[a + 2] - at[b + 2];
          const rx = v.x * COS[s] - u.x * SIN[s], ry = v.y * COS[s] - u.y * SIN[s], rz = v.z * COS[s] - u.z * SIN[s];
          out[k] = ry * lz - rz * ly;
          out[k + 1] = rz * lx - rx * lz;
          out[k + 2] = rx * ly - ry * lx;
        }
      }
    }
  }

  cutRings() {
    const { list } = this.whole;
    this.cut.clear();
    this.whole.tubes().forEach(([start, end], tube) => {
      this.reach[start] = 0;
      for (let i = start + 1; i < end; i++) this.reach[i] = this.reach[i - 1] + list[i].c.distanceTo(list[i - 1].c) + 1e-5;
      this.bands[tube] ??= Math.max(3, Math.round(this.reach[end - 1] / RING_PITCH)) * 2 + 1;
      cutTube(this.cut, list, start, end, this.reach, this.bands[tube]);
    });
  }

  build(rings) {
    const index = [];
    for (const [start, end] of rings.tubes()) {
      for (let i = start; i < end - 1; i++) {
        if (rings.list[i].gap) continue;
        for (let s = 0; s < SEGMENTS; s++) {
          const a = i * SEGMENTS + s, b = i * SEGMENTS + ((s + 1) % SEGMENTS);
          index.push(a, b, a + SEGMENTS, b, b + SEGMENTS, a + SEGMENTS);
        }
      }
    }
    this.positions = new Float32Array(rings.count * STRIDE);
    this.normals = new Float32Array(rings.count * STRIDE); // their length is of no account
    this.geometry.setIndex(index);
    this.geometry.setAttribute('position', new BufferAttribute(this.positions, 3));
    this.geometry.setAttribute('normal', new BufferAttribute(this.normals, 3));
  }
}
