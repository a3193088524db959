// Two kinds of drawing: lines of shares between 0 and 1 with their intervals, and a small line without axes.

import { isNumber, percent } from './dashboard_text.js';

const space = 'http://www.w3.org/2000/svg';
const width = 560, height = 260, left = 44, right = 12, top = 10, bottom = 26;

function shape(name, attributes, text = '') {
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== '') made.textContent = text;
  return made;
}

const path = (points) => points.map(([x, y], i) => (i === 0 ? 'M' : 'L') + x.toFixed(1) + ' ' + y.toFixed(1)).join('');

function labelled(mark, tip) {
  mark.append(shape('title', {}, tip));
  return mark;
}

// Few enough x labels to read, the first and the last among them.
function thinned(labels) {
  const most = 10;
  if (labels.length <= most) return labels;
  const every = (labels.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => labels[Math.round(i * every)]);
}

function axes(svg, x, y, ticks) {
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    svg.append(shape('line', { class: 'grid', x1: left, x2: width - right, y1: y(share), y2: y(share) }));
    svg.append(shape('text', { x: left - 6, y: y(share) + 4, 'text-anchor': 'end' }, 100 * share + ' %'));
  }
  for (const tick of thinned(ticks)) {
    svg.append(shape('text', { x: x(tick.at), y: height - 8, 'text-anchor': 'middle' }, tick.text));
  }
}

function draw(svg, series, x, y) {
  const points = series.points.filter((point) => isNumber(point.y));
  const banded = points.filter((point) => isNumber(point.low) && isNumber(point.high));
  if (series.band && banded.length > 1) {
    const upper = banded.map((point) => [x(point.x), y(point.high)]);
    const lower = banded.map((point) => [x(point.x), y(point.low)]).reverse();
    svg.append(shape('path', { class: 'band f-' + series.color, d: path(upper.concat(lower)) + 'Z' }));
  }
  const line = path(points.map((point) => [x(point.x), y(point.y)]));
  if (line) svg.append(shape('path', { class: 'line s-' + series.color + (series.thin ? ' thin' : ''), d: line }));
  if (points.length > 80) return;
  for (const point of points) {
    const look = 's-' + series.color + ' ' + (point.hollow ? 'refused' : 'f-' + series.color);
    const dot = shape('circle', { class: look, cx: x(point.x), cy: y(point.y), r: series.thin ? 2 : 3.5 });
    svg.append(labelled(dot, point.tip + ': ' + percent(point.y)));
  }
}

function legend(place, drawn) {
  place.replaceChildren(...drawn.map((series) => {
    const entry = document.createElement('span');
    const key = shape('svg', { viewBox: '0 0 18 8' });
    key.append(shape('line', { class: 's-' + series.color, x1: 0, x2: 18, y1: 4, y2: 4 }));
    entry.append(key, series.name);
    return entry;
  }));
}

// series: [{name, color, thin, band, points: [{x, y, low, high, hollow, tip}]}]; ticks: [{at, text}], ascending.
export function shares(svg, legendPlace, series, ticks, empty) {
  const drawn = series.filter((one) => one.points.some((point) => isNumber(point.y)));
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren();
  legend(legendPlace, drawn);
  const first = ticks.length ? ticks[0].at : 0, last = ticks.length ? ticks[ticks.length - 1].at : 1;
  const span = last - first;
  const x = (at) => (span > 0 ? left + 14 + (width - left - right - 28) * (at - first) / span : (left + width - right) / 2);
  const y = (share) => top + (height - top - bottom) * (1 - Math.min(1, Math.max(0, share)));
  axes(svg, x, y, drawn.length ? ticks : []);
  if (!drawn.length) {
    svg.append(shape('text', { x: (left + width) / 2, y: y(0.61), 'text-anchor': 'middle' }, empty));
  }
  for (const one of drawn) draw(svg, one, x, y);
}

export function spark(values, most) {
  const svg = shape('svg', { viewBox: `0 0 ${most - 1} 40`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  const highest = Math.max(...values, 1e-9);
  const from = most - values.length;
  svg.append(shape('path', { d: path(values.map((value, i) => [from + i, 38 - 36 * value / highest])) }));
  return svg;
}
