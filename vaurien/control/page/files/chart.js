// Small charts of the last minutes, as SVG that is written once a second.

import {h, svg} from './dom.js';
import {SPAN} from './store.js';

const WIDTH = 300;
const HEIGHT = 48;

// The line of a series: gaps where nothing is known.
function path(series, most) {
  let at = SPAN - Math.min(SPAN, series.end), text = '', open = false;
  for (const value of series.points()) {
    if (Number.isNaN(value)) open = false;
    else {
      const x = (at / (SPAN - 1)) * WIDTH, y = HEIGHT - 2 - (value / most) * (HEIGHT - 6);
      text += `${open ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
      open = true;
    }
    at += 1;
  }
  return text;
}

function most(lines) {
  let found = 0;
  for (const line of lines) for (const value of line.points()) if (value > found) found = value;
  return found || 1;
}

// A chart. `lines`: {class: series}; `told`: returns the newest value as text.
export function chart(title, lines, told, small = false) {
  const drawn = Object.keys(lines).map(name => svg('path', {class: name}));
  const picture = svg('svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true'}, drawn);
  const value = h('b', {}, '–'), top = h('small', {class: 'faint'}, '');
  const element = small ? h('div', {class: 'spark'}, picture, value)
    : h('figure', {class: 'chart'}, h('figcaption', {}, h('span', {}, title), value), picture, top);
  return {
    element,
    draw() {
      const highest = most(Object.values(lines));
      Object.values(lines).forEach((series, at) => drawn[at].setAttribute('d', path(series, highest)));
      value.textContent = told(...Object.values(lines).map(series => series.last));
      if (!small) top.textContent = `5 min, at most ${told(...Object.values(lines).map(() => highest))}`;
    },
  };
}
