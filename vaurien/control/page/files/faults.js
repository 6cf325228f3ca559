// What was injected, newest first: filtered, and paused while somebody reads.

import {store} from './store.js';
import {h, put, say, panel} from './dom.js';
import {get} from './api.js';
import {clock, count, short} from './words.js';

const SHOWN = 200;
const HEADS = ['Time', 'Proxy', 'Session', 'Request', 'Got'];

// A field for a regular expression; `fits(text)` says whether it is found, and a wrong one fits everything and is told.
export function pattern(label) {
  const input = h('input', {type: 'search', 'aria-label': label, placeholder: 'Regular expression', autocomplete: 'off'});
  let compiled = null;
  input.addEventListener('input', () => {
    try {
      compiled = input.value ? new RegExp(input.value, 'i') : null;
      input.removeAttribute('aria-invalid');
    } catch {
      compiled = null;
      input.setAttribute('aria-invalid', 'true');
    }
  });
  return {input, fits: text => !compiled || compiled.test(text)};
}

export function pause() {
  const box = h('input', {type: 'checkbox'});
  return {element: h('label', {class: 'check'}, box, ' Pause'), on: () => box.checked, box};
}

export function faultTable(name = '') {
  const filter = pattern('Show faults that this is found in'), held = pause(), body = h('tbody'), total = h('span', {class: 'faint', role: 'status'});
  const heads = name ? HEADS.filter(head => head !== 'Proxy') : HEADS;
  const element = panel('Faults', h('div', {class: 'tools'}, filter.input, held.element, total),
                        h('div', {class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Table of faults'},
                          h('table', {}, h('thead', {}, h('tr', {}, heads.map(head => h('th', {scope: 'col'}, head)))), body)));
  let before = [];

  const got = fault => (fault.kind ? `${fault.behavior} ${fault.kind}` : fault.behavior) + (fault.plan ? `, plan ${fault.plan}` : '');

  function row(fault) {
    const cells = [clock(fault.time), ...(name ? [] : [short(fault.proxy, 60)]), String(fault.session), short(fault.request), short(got(fault), 80)];
    return h('tr', {}, cells.map(text => h('td', {}, text)));
  }

  function draw() {
    if (held.on()) return;
    const known = new Map([...before, ...store.faults].map(fault => [fault.id, fault]));
    const found = [...known.values()].filter(fault => (!name || fault.proxy === name) && filter.fits(`${fault.request} ${got(fault)} ${fault.proxy}`));
    put(body, found.slice(-SHOWN).reverse().map(row));
    const missed = store.missed ? `; ${count(store.missed)} more were too many to be shown one by one` : '';
    say(total, `${count(found.length)}${missed}`);
  }

  filter.input.addEventListener('input', draw);
  held.box.addEventListener('change', draw);
  get(`/v1/faults?limit=${SHOWN}${name ? `&proxy=${encodeURIComponent(name)}` : ''}`).then(found => {
    before = found.faults;
    draw();
  }, () => {});
  return {element, draw};
}

export function faultView() {
  const table = faultTable();
  return {element: h('div', {class: 'view'}, h('h1', {}, 'Faults'), table.element), events: {faults: table.draw}, draw: table.draw, watch: ''};
}
