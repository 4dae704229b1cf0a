// Draws a patient's history: the server's figures, with the theme's colours put in for the names of tokens.
import { css } from './shell.js';

const read = (id) => JSON.parse(document.querySelector(`#${id}`)?.textContent || 'null');
const plots = Object.fromEntries([...document.querySelectorAll('[data-plot]')].map((plot) => [plot.dataset.plot, plot]));
const figure = read('figure');
const measures = read('measure-figures') || [];
const followed = read('followed-figure');
let chosen = 0;

/** A copy of a part of a figure in which each `--token` is its value in the theme that is shown now. */
function themed(part) {
  if (Array.isArray(part)) return part.map(themed);
  if (part && typeof part === 'object') return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, themed(value)]));
  return typeof part === 'string' && part.startsWith('--') ? css(part.slice(2)) : part;
}

/** As many labels as have room, the last one always among them. */
function ticks(axis, room, narrow) {
  const count = axis.tickvals.length, step = Math.max(1, Math.ceil(count / room));
  const kept = axis.tickvals.filter((i) => (count - 1 - i) % step === 0);
  const short = (text) => (narrow ? text.replace(' ', '<br>').replace('n = ', '') : text);
  return { tickvals: kept, ticktext: kept.map((i) => short(axis.ticktext[i])) };
}

/** The names of the parts beside the last bar, where there is room. */
function names(data, last) {
  let below = 0;
  return data.flatMap((one) => {
    const share = one.y[last], y = below + share / 2;
    below += share;
    return share < 0.05 ? [] : [{ x: last + 0.42, y, xanchor: 'left', yanchor: 'middle', text: one.name, showarrow: false, font: { size: 13, color: css('ink') } }];
  });
}

/** What happened meanwhile: a dotted line between the bars, its words above where there is room. */
function marked(marks, narrow) {
  const line = (mark) => ({ type: 'line', x0: mark.x, x1: mark.x, yref: 'paper', y0: 0, y1: 1, line: { color: css('ink'), width: 1.5, dash: 'dot' } });
  const words = (mark, i) => ({ x: mark.x, xanchor: mark.x > figure.layout.xaxis.tickvals.length * 0.6 ? 'right' : 'left', yref: 'paper', y: 1, yanchor: 'bottom', yshift: (i % 2) * 17, text: mark.text, showarrow: false, font: { size: 12, color: css('ink') } });
  return { shapes: marks.map(line), annotations: narrow ? [] : marks.map(words) };
}

function plot(node, data, layout, axis) {
  const wide = node.clientWidth, narrow = wide < 480;
  window.Plotly.react(node, themed(data), {
    autosize: true,
    showlegend: false,
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: css('font'), size: 13, color: css('ink-3') },
    hoverlabel: { bgcolor: css('ink'), font: { color: css('paper'), family: css('font'), size: 13 } },
    margin: { l: 44, r: 8, t: 10, b: narrow ? 64 : 44 },
    ...layout,
    xaxis: { range: axis.range, ...ticks(axis, wide / (narrow ? 44 : 64), narrow), fixedrange: true, showgrid: false, zeroline: false, ticks: '', tickangle: 0 },
    yaxis: { ...layout.yaxis, gridcolor: css('line'), zerolinecolor: css('line-strong'), fixedrange: true },
  }, { displayModeBar: false, responsive: true });
}

function drawMistakes() {
  const node = plots.figure, narrow = node.clientWidth < 480, axis = figure.layout.xaxis, count = axis.tickvals.length;
  const data = structuredClone(figure.data), { annotations, shapes } = marked(figure.marks, narrow);
  if (node.clientWidth / count < 26) for (const one of data) one.text = one.text.map(() => '');
  plot(node, data, {
    barmode: figure.layout.barmode,
    bargap: figure.layout.bargap,
    margin: { l: 44, r: narrow ? 8 : 112, t: narrow || !annotations.length ? 10 : 44, b: narrow ? 64 : 44 },
    shapes,
    annotations: narrow ? [] : [...names(data, count - 1), ...annotations],
    yaxis: figure.layout.yaxis,
  }, axis);
}

function drawMeasure() {
  const one = measures[chosen];
  if (one) plot(plots['measure-figures'], one.data, { yaxis: one.yaxis, shapes: marked(figure.marks, true).shapes }, one.xaxis);
}

function drawFollowed() {
  if (!followed) return;
  const places = followed.ticktext.map((_, i) => i);
  plot(plots['followed-figure'], followed.data, { yaxis: followed.yaxis }, { tickvals: places, ticktext: followed.ticktext, range: [-0.6, places.length - 0.4] });
}

function draw() { drawMistakes(); drawMeasure(); drawFollowed(); }

const choices = [...document.querySelectorAll('[data-measure]')];
for (const choice of choices) {
  choice.addEventListener('click', () => {
    chosen = Number(choice.dataset.measure);
    for (const one of choices) one.setAttribute('aria-pressed', one === choice);
    drawMeasure();
  });
}

draw();
document.fonts.ready.then(draw);
addEventListener('themechange', draw);
let width = plots.figure.clientWidth;
addEventListener('resize', () => { if (plots.figure.clientWidth !== width) { width = plots.figure.clientWidth; draw(); } });
