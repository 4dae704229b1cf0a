// Draws over the picture: where the correction moves the body most, and the chosen angle with its size.
import { say } from './shell.js';

const DIAMOND = 'M0 -8L8 0L0 8L-8 0Z';
const NARROW = 520; // pixels
const FOLLOWS = /elbow|wrist|nose/;
const SVG = 'http://www.w3.org/2000/svg';

// The joint at which an angle of ml/angles.py is read.
const anchor = (angle) => ({ trunk_lean: 'neck', back_curve: 'mid_hip' })[angle]
  ?? angle.replace(/_(flexion|valgus)$/, '').replace('_dorsiflexion', '');

export const degrees = (value) => (value == null ? '–' : `${value < -0.5 ? '−' : ''}${Math.abs(Math.round(value))}°`);

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export class Marks {
  constructor(player, words) {
    Object.assign(this, { player, words, angle: null });
    player.below = (width) => (width < NARROW ? 52 : 0); // the callout lies there
    player.addEventListener('drawn', () => this.draw());
  }

  draw() {
    const { player } = this, { svg, motion } = player;
    svg.replaceChildren();
    if (player.split) {
      svg.append(element('path', { class: 'split', d: `M${player.view.part} 0V${player.view.height}` }));
    }
    if (player.hasCorrection && !player.isBefore) this.atFault(motion).forEach((joint) => this.joint(joint));
    if (this.angle) this.callout();
  }

  // The joint of the angle in which the mistake shows, then those that the correction moves most; arms and head only
  // follow the trunk, so that they say nothing where an angle tells.
  atFault({ worst, joints_at_fault: joints }) {
    const telling = worst.angle ? [anchor(worst.angle), ...joints.filter((joint) => !FOLLOWS.test(joint))] : joints;
    return [...new Set(telling)].slice(0, 4);
  }

  // A solid diamond where the joint was, an open circle where it belongs.
  joint(name) {
    const { player } = this;
    const at = player.screen(player.poses.performed[name]), right = player.screen(player.poses.corrected[name], 'corrected');
    if (!player.split) player.svg.append(element('path', { class: 'moves', d: `M${at}L${right}` }));
    player.svg.append(
      element('circle', { class: 'belongs', cx: right[0], cy: right[1], r: 7 }),
      element('path', { class: 'was', d: DIAMOND, transform: `translate(${at})` }),
    );
  }

  callout() {
    const { player, angle } = this, frame = Math.round(player.frame), { angles } = player.motion;
    const performed = angles.performed[angle]?.[frame], corrected = angles.corrected?.[angle]?.[frame];
    const before = player.isBefore ? player.before.angles.performed[angle]?.[Math.round(player.frameBefore)] : undefined;
    const at = player.screen(player.poses.performed[anchor(angle)]);
    const { head, foot } = this.wordsAt(angle, performed, corrected, before);
    const { part: width, height } = player.view, small = player.view.width < NARROW;
    const low = width < 620; // no room beside the body: the box lies above it, on a phone below
    const box = { w: Math.max(small ? 150 : 168, head.length * (small ? 8.2 : 9.3) + 22, foot.length * 6.6 + 22), h: foot ? 48 : 30 };
    box.x = low ? 12 : Math.max(14, at[0] - 130 - box.w);
    if (!low && at[0] < box.x + box.w + 20) box.x = Math.min(width - box.w - 14, at[0] + 90);
    if (low) box.y = small ? height - box.h - 56 : 52;
    else box.y = Math.max(56, Math.min(height - box.h - 56, at[1] - 70));
    const toRight = at[0] > box.x + box.w, from = low
      ? [Math.min(box.x + (small ? box.w - 20 : 60), Math.max(box.x + 20, at[0])), small ? box.y : box.y + box.h]
      : [toRight ? box.x + box.w : box.x, box.y + box.h / 2];
    player.svg.append(
      element('path', { class: 'leader', d: `M${at}L${from}` }),
      element('rect', { class: 'lab', x: box.x, y: box.y, width: box.w, height: box.h, rx: 6 }),
      element('text', { class: small ? 'big small' : 'big', x: box.x + 11, y: box.y + 21 }, head),
      element('text', { x: box.x + 11, y: box.y + 39 }, foot),
    );
  }

  // "Right knee 9° further inward", "than corrected: 22°, not 13°"; or the angle alone where nothing differs.
  wordsAt(angle, performed, corrected, before) {
    if (before !== undefined) return { head: `${this.words.angles[angle] ?? angle} ${degrees(performed)}`, foot: say(this.words.before, { before: degrees(before) }) };
    const { words } = this, by = Math.round(performed) - Math.round(corrected);
    if (corrected != null && performed != null && by && words.differs[angle]) {
      const values = { performed: degrees(performed), corrected: degrees(corrected) };
      return { head: say(words.differs[angle][by > 0 ? 0 : 1], { n: Math.abs(by) }), foot: say(words.than_corrected, values) };
    }
    const foot = corrected == null ? '' : `${words.corrected} ${degrees(corrected)}`;
    return { head: `${words.angles[angle] ?? angle} ${degrees(performed)}`, foot };
  }
}
