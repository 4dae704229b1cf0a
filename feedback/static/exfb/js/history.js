// Draws the history of mistakes: the server's figure, with the theme's colours put in for the names of tokens.
import { css } from './shell.js';

const plot = document.querySelector('[data-plot]');
const figure = JSON.parse(document.querySelector('#figure').textContent);
const sessions = figure.layout.xaxis.tickvals.length;

/** A copy of a part of the figure in which each `--token` is its value in the theme that is shown now. */
function themed(part) {
  if (Array.isArray(part)) return part.map(themed);
  if (part && typeof part === 'object') return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, themed(value)]));
  return typeof part === 'string' && part.startsWith('--') ? css(part.slice(2)) : part;
}

/** As many of the sessions' labels as have room, the last one always among them. */
function ticks(axis, room) {
  const step = Math.max(1, Math.ceil(sessions / room));
  const kept = axis.tickvals.filter((i) => (sessions - 1 - i) % step === 0);
  const short = (text) => (plot.clientWidth < 480 ? text.replace(' ', '<br>').replace('n = ', '') : text);
  return { tickvals: kept, ticktext: kept.map((i) => short(axis.ticktext[i])) };
}

/** The names of the parts beside the last bar, where there is room. */
function names(data) {
  const last = sessions - 1;
  let below = 0;
  return data.flatMap((one) => {
    const share = one.y[last], y = below + share / 2;
    below += share;
    return share < 0.05 ? [] : [{ x: sessions - 0.58, y, xanchor: 'left', yanchor: 'middle', text: one.name, showarrow: false, font: { size: 13, color: css('ink') } }];
  });
}

function draw() {
  const wide = plot.clientWidth, narrow = wide < 480, data = themed(figure.data), { xaxis, yaxis, ...layout } = figure.layout;
  if (wide / sessions < 26) for (const one of data) one.text = one.text.map(() => '');
  window.Plotly.react(plot, data, {
    ...layout,
    autosize: true,
    margin: { l: 44, r: narrow ? 8 : 112, t: 10, b: narrow ? 64 : 44 },
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: css('font'), size: 13, color: css('ink-3') },
    hoverlabel: { bgcolor: css('ink'), font: { color: css('paper'), family: css('font'), size: 13 } },
    annotations: narrow ? [] : names(data),
    xaxis: { ...xaxis, ...ticks(xaxis, wide / (narrow ? 44 : 64)), fixedrange: true, showgrid: false, zeroline: false, ticks: '', tickangle: 0 },
    yaxis: { ...yaxis, gridcolor: css('line'), zerolinecolor: css('line-strong'), fixedrange: true },
  }, { displayModeBar: false, responsive: true });
}

draw();
document.fonts.ready.then(draw);
addEventListener('themechange', draw);
let width = plot.clientWidth;
addEventListener('resize', () => { if (plot.clientWidth !== width) { width = plot.clientWidth; draw(); } });
document.body.dataset.ready = '1';
