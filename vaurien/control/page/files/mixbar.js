// A mix as a bar: how much of what.

import {h, put} from './dom.js';
import {visible} from './words.js';

const COLORS = 8;

// The class of a behavior's color: the same name has the same color everywhere.
export function color(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % 9973;
  return `c${sum % COLORS}`;
}

export function percent(value) {
  return `${Number(value.toFixed(2))} %`;
}

// Fills an element with the bar of a mix, whose entries have a name and a percent.
export function mixbar(element, entries) {
  const parts = entries.filter(entry => entry.percent > 0 && entry.name !== 'dummy').map(entry => {
    const part = h('span', {class: color(entry.name)});
    part.style.width = `${entry.percent}%`;
    return part;
  });
  const text = entries.filter(entry => entry.name !== 'dummy').map(entry => `${visible(entry.name)} ${percent(entry.percent)}`).join(', ');
  put(element, h('span', {class: 'bar-parts', 'aria-hidden': 'true'}, parts), h('span', {class: 'bar-text'}, text || 'nothing goes wrong'));
}
