// The mix of a proxy, as sliders that add up to 100.

import {h, put, button, panel, field, uid} from './dom.js';
import {changes, make} from './calls.js';
import {store} from './store.js';
import {color, mixbar, percent} from './mixbar.js';
import {optionFields, select, told} from './forms.js';
import {visible} from './words.js';

const WAIT = 250;       // ms that a slider rests before it is said

export function mixEditor(name) {
  const says = told(), list = h('ul', {class: 'sliders'}), bar = h('div', {class: 'mix'}), rest = h('p', {class: 'faint'});
  const add = h('div', {class: 'adding'});
  const element = panel('Mix', bar, list, rest, add, says.element);
  let entries = [], waits = 0, shown = '', behaviors = [], held = false;
  let said = 0, meant = 0;     // changes that the process has answered, and those that were made here

  async function say() {
    const sent = entries.map(entry => ({name: entry.name, percent: entry.percent, settings: entry.settings}));
    const change = meant;
    const view = await says(make(changes.mix(name, sent)));
    said = change;
    shown = view ? JSON.stringify(sent) : '';
    store.show(view || store.proxies.get(name).view);
  }

  function later() {
    meant += 1;
    clearTimeout(waits);
    waits = setTimeout(say, WAIT);
    tell();
  }

  function tell() {
    mixbar(bar, entries);
    const sum = entries.reduce((all, entry) => all + entry.percent, 0);
    rest.textContent = `${percent(100 - sum)} of the requests pass as they are.`;
  }

  // What one gets more, the others have less, where there is no room left.
  function slide(entry, value, row) {
    const others = entries.reduce((all, one) => all + (one === entry ? 0 : one.percent), 0);
    entry.percent = Math.max(0, Math.min(value, 100 - others));
    row.slider.value = entry.percent;
    row.number.value = entry.percent;
    row.slider.setAttribute('aria-valuetext', `${percent(entry.percent)} of the requests`);
    later();
  }

  function rowOf(entry) {
    const id = uid('share'), row = {};
    const known = behaviors.find(one => one.name === entry.name);
    row.slider = h('input', {type: 'range', min: 0, max: 100, step: 0.5, id, value: entry.percent,
                             oninput: () => slide(entry, Number(row.slider.value), row)});
    row.number = h('input', {type: 'number', min: 0, max: 100, step: 'any', value: entry.percent, class: 'percent',
                             'aria-label': `Percent of ${visible(entry.name)}`,
                             onchange: () => slide(entry, Number(row.number.value), row)});
    const options = known ? optionFields(known.options, entry.settings) : null;
    const details = options && known.options.length ? h('details', {}, h('summary', {}, told_of(entry)), options.element,
      button('Use these', () => {
        entry.settings = options.read();
        details.querySelector('summary').textContent = told_of(entry);
        later();
      })) : null;
    return h('li', {}, h('div', {class: 'slider'}, h('label', {for: id}, h('span', {class: `dot ${color(entry.name)}`}), visible(entry.name)),
                         row.slider, row.number, h('span', {'aria-hidden': 'true'}, '%'),
                         button('Remove', () => {
                           entries = entries.filter(one => one !== entry);
                           draw();
                           later();
                         }, {'aria-label': `Remove ${visible(entry.name)}`})), details);
  }

  const told_of = entry => Object.entries(entry.settings || {}).map(([key, value]) => `${key} ${visible(String(value))}`).join(', ') || 'options';

  function draw() {
    put(list, entries.map(rowOf));
    tell();
  }

  store.catalog().then(known => {
    behaviors = known.behaviors.filter(one => one.name !== 'dummy');
    const which = select(behaviors.map(one => one.name), 'delay');
    put(add, field('Another behavior', which), button('Add', () => {
      const sum = entries.reduce((all, entry) => all + entry.percent, 0);
      entries.push({name: which.value, percent: Math.min(10, 100 - sum), settings: {}});
      draw();
      later();
    }));
    draw();
  }, () => {});

  list.addEventListener('pointerdown', () => { held = true; });
  addEventListener('pointerup', () => { held = false; });

  return {
    element,
    // Shows what the process says, unless somebody is at it.
    draw(view) {
      const found = view.mix.filter(entry => entry.name !== 'dummy').map(entry => ({...entry}));
      const text = JSON.stringify(found.map(({name: called, percent: share, settings}) => ({name: called, percent: share, settings})));
      if (text === shown || held || said < meant || list.contains(document.activeElement) && list.querySelector('details[open]')) return;
      shown = text;
      entries = found;
      draw();
    },
  };
}
