// The joint angles of a repetition over time, drawn by Plotly. The cursor is the player's clock: a click seeks.
import { css } from './shell.js';
import { degrees } from './marks.js';

const MARGIN = { l: 44, r: 16, t: 8, b: 20 };
const OUTSIDE_WIDTH = 4; // pixels
const SHOWN = 4; // angles that have a button; the others are in a list

let loading;
// Plotly is large and only this needs it, so it is fetched when the first motion is there.
function plotly(src) {
  loading ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), { src, onload: () => resolve(window.Plotly), onerror: reject });
    document.head.append(script);
  });
  return loading;
}

// Of two or more angles, first the one that the worst moment is told by, then by how much the correction changes them.
function byDifference(names, { performed, corrected }, worst) {
  if (!corrected) return names;
  const difference = (name) => Math.max(...performed[name].map((value, i) => Math.abs((value ?? 0) - (corrected[name][i] ?? 0))));
  const size = Object.fromEntries(names.map((name) => [name, difference(name)]));
  return [...names].sort((a, b) => (b === worst) - (a === worst) || size[b] - size[a]);
}

export class Curve extends EventTarget {
  constructor(root, player, words) {
    super();
    Object.assign(this, { root, player, words, angle: null, names: [], band: null, size: [0, 0] });
    for (const part of ['plot', 'playhead', 'performed', 'corrected', 'value', 'angles', 'more', 'basis']) this[part] = root.querySelector(`[data-${part}]`);
    player.addEventListener('frame', () => this.cursor());
    player.addEventListener('mode', () => this.draw());
    addEventListener('themechange', () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.plot);
    this.angles.addEventListener('click', (e) => this.choose(e.target.closest('button')?.dataset.angle));
    this.more.addEventListener('change', () => this.choose(this.more.value));
    this.dragToSeek();
  }

  // A new motion; `telling` are the angles that say something about its exercise.
  show(telling) {
    const { angles } = this.player.motion, all = Object.keys(angles.performed);
    const { angle: worst } = this.player.motion.worst;
    const first = all.filter((name) => telling.includes(name) || name === worst);
    this.names = [...byDifference(first, angles, worst), ...all.filter((name) => !first.includes(name))];
    const label = (name) => this.words.angles[name] ?? name;
    this.angles.replaceChildren(...this.names.slice(0, SHOWN).map((name) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: label(name) });
      button.dataset.angle = name;
      return button;
    }));
    this.more.replaceChildren(
      new Option(this.words.more_angles, ''),
      ...this.names.slice(SHOWN).map((name) => new Option(label(name), name)),
    );
    this.setBand(null);
    this.choose(this.names[0]);
  }

  // What the patient's correct repetitions look like, as the API gives it; null while it is not known.
  setBand(band) {
    this.band = band;
    this.basis.textContent = band?.basis ?? '';
    this.basis.hidden = !band?.angles;
    if (band) this.draw();
    this.dispatchEvent(new Event('band'));
  }

  get angleBand() { return this.band?.angles?.[this.angle] ?? null; }

  // The band as an edged area, and along the lower edge the time that lies outside of it.
  bandTraces(end) {
    const band = this.angleBand;
    if (!band) return [];
    const time = band.low.map((_, i) => (end * i) / (band.low.length - 1));
    const edge = (y, more) => ({ x: time, y, mode: 'lines', line: { color: css('corrected'), width: 1 }, hoverinfo: 'skip', ...more });
    const { rate, frames } = this.player, last = (frames - 1) / rate;
    return [
      edge(band.low), edge(band.high, { fill: 'tonexty', fillcolor: css('band') }),
      ...band.outside.map(([from, to]) => ({
        name: 'outside', x: [from / rate, Math.min(last, to / rate)], y: [this.range[0], this.range[0]], mode: 'lines',
        line: { color: css('performed'), width: OUTSIDE_WIDTH * 2 }, hoverinfo: 'skip',
      })),
    ];
  }

  choose(name) {
    if (!name) return;
    this.angle = name;
    for (const button of this.angles.children) button.setAttribute('aria-pressed', button.dataset.angle === name);
    this.more.value = this.names.indexOf(name) < SHOWN ? '' : name;
    this.draw();
    this.dispatchEvent(new Event('angle'));
  }

  async draw() {
    this.size = [this.plot.clientWidth, this.plot.clientHeight]; // the cursor asks for it in every frame
    if (!this.angle || !this.size[0]) return;
    const { motion, rate, frames } = this.player, performed = motion.angles.performed[this.angle];
    const { before, isBefore } = this.player, earlier = isBefore ? before.angles.performed[this.angle] : null;
    const corrected = isBefore ? null : motion.angles.corrected?.[this.angle];
    const all = [...performed, ...(corrected ?? []), ...(earlier ?? []), ...(this.angleBand?.low ?? []), ...(this.angleBand?.high ?? [])].filter((value) => value != null);
    const low = Math.min(...all), high = Math.max(...all), room = Math.max(3, (20 - (high - low)) / 2, (high - low) * 0.08);
    this.range = [low - room, high + room];
    this.cursor();
    let Plotly;
    try {
      Plotly = await plotly(this.root.dataset.plotly);
    } catch {
      this.root.classList.add('no-plot');
      return;
    }
    const time = performed.map((_, i) => i / rate), line = (name, values, dash, width) => ({
      name, x: time, y: values, mode: 'lines', line: { color: css(name), width, dash }, hoverinfo: 'skip',
    });
    const axis = { fixedrange: true, gridcolor: css('stage-grid'), zerolinecolor: css('line-strong'), tickfont: { size: 12 } };
    // The earlier motion on the clock of this one.
    const stretched = earlier && { ...line('before', earlier, 'dot', 2.25), x: earlier.map((_, i) => (((frames - 1) / rate) * i) / (earlier.length - 1)) };
    if (stretched) stretched.line.color = css('ink-3');
    Plotly.react(this.plot, [
      ...this.bandTraces((frames - 1) / rate), line('performed', performed, 'solid', 2.5), ...(corrected ? [line('corrected', corrected, '6px,4px', 2.25)] : []), ...(stretched ? [stretched] : []),
    ], {
      margin: MARGIN, showlegend: false, width: this.size[0], height: this.size[1],
      paper_bgcolor: 'transparent', plot_bgcolor: 'transparent', font: { family: css('font'), color: css('ink-3') },
      xaxis: { ...axis, showgrid: false, zeroline: false, range: [0, (frames - 1) / rate], ticksuffix: ' s', nticks: 8 },
      yaxis: { ...axis, range: this.range, ticksuffix: '°', nticks: 5 },
    }, { staticPlot: true, displayModeBar: false });
  }

  // The moment of the player: a line through the curve and the two values on it.
  cursor() {
    if (!this.angle) return;
    const { player } = this, frame = Math.round(player.frame), { angles } = player.motion;
    const wide = this.size[0] - MARGIN.l - MARGIN.r, tall = this.size[1] - MARGIN.t - MARGIN.b;
    const x = MARGIN.l + (wide * player.frame) / Math.max(1, player.frames - 1);
    this.playhead.style.transform = `translateX(${x}px)`;
    const values = { performed: angles.performed[this.angle][frame], corrected: player.isBefore ? null : angles.corrected?.[this.angle]?.[frame] };
    for (const [name, value] of Object.entries(values)) {
      this[name].hidden = value == null;
      const y = MARGIN.t + (tall * (this.range[1] - value)) / (this.range[1] - this.range[0]);
      if (value != null) this[name].style.transform = `translate(${x}px, ${y}px)`;
    }
    this.value.textContent = values.corrected == null
      ? degrees(values.performed) : `${degrees(values.performed)} → ${degrees(values.corrected)}`;
  }

  dragToSeek() {
    const { plot, player } = this;
    const seek = (e) => {
      const box = plot.getBoundingClientRect();
      player.pause();
      player.seek(Math.round(((e.clientX - box.left - MARGIN.l) / (box.width - MARGIN.l - MARGIN.r)) * (player.frames - 1)));
    };
    plot.addEventListener('pointerdown', (e) => { plot.setPointerCapture(e.pointerId); seek(e); });
    plot.addEventListener('pointermove', (e) => { if (plot.hasPointerCapture(e.pointerId)) seek(e); });
  }
}
