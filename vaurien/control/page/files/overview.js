// All proxies: what each is, and how busy it is.

import {store} from './store.js';
import {h, put, say, field, button} from './dom.js';
import {changes, make} from './calls.js';
import {chart} from './chart.js';
import {windowed} from './list.js';
import {mixbar} from './mixbar.js';
import {count, seconds, short} from './words.js';
import {select, told} from './forms.js';

const HEIGHTS = {wide: 64, narrow: 164};
const NARROW = matchMedia('(max-width: 899px)');

export function link(name) {
  return `#/proxy/${encodeURIComponent(name)}`;
}

// Makes the inside of a row once; it is filled again with each draw.
function rowOf(element) {
  const parts = {name: h('a', {}), state: h('span', {class: 'state'}), where: h('span', {class: 'where'}), mix: h('div', {class: 'mix'}),
                 wire: h('span', {class: 'wire'}), sessions: h('span', {class: 'number'}), faults: h('span', {class: 'number'}),
                 latency: h('span', {class: 'number'}), spark: h('div', {class: 'cell'})};
  element.append(
    h('div', {class: 'cell who'}, h('div', {}, parts.state, parts.name), parts.where),
    h('div', {class: 'cell what'}, parts.mix, parts.wire),
    parts.spark,
    h('div', {class: 'cell'}, parts.sessions, h('small', {}, 'sessions')),
    h('div', {class: 'cell'}, parts.faults, h('small', {}, 'faults/s')),
    h('div', {class: 'cell'}, parts.latency, h('small', {}, 'p50 / p99')));
  return parts;
}

export function state(view) {
  if (!view) return ['', 'asked for'];
  if (!view.enabled) return ['off', 'disabled'];
  return view.accepting ? ['on', 'listens'] : ['held', 'refuses new connections'];
}

function fill(entry, element) {
  if (element.entry !== entry) {
    put(element);
    element.entry = entry;
    element.parts = rowOf(element);
    const requests = entry.series.requests;
    element.chart = chart('', {requests}, value => `${count(value || 0)}/s`, true);
    put(element.parts.spark, element.chart.element);
  }
  const {parts} = element, view = entry.view;
  say(parts.name, short(entry.name, 60));
  parts.name.href = link(entry.name);
  const [kind, words] = state(view);
  parts.state.className = `state ${kind}`;
  parts.state.title = words;
  if (view && element.view !== view) {
    element.view = view;
    say(parts.where, `${short(view.address, 60)} → ${short(view.backend, 60)}, ${view.protocol}`);
    mixbar(parts.mix, view.mix);
    say(parts.wire, view.toxics.map(toxic => short(toxic.name, 40)).join(', '));
  }
  const last = name => entry.series[name].last;
  say(parts.sessions, count(last('sessions') || 0));
  say(parts.faults, count(last('faults') || 0));
  say(parts.latency, Number.isNaN(last('p50')) ? '–' : `${seconds(last('p50'))} / ${seconds(last('p99'))}`);
  element.chart.draw();
}

// The form that makes a proxy.
function creation(protocols) {
  const name = h('input', {required: true, maxlength: 100, autocomplete: 'off'});
  const backend = h('input', {required: true, value: 'embedded', autocomplete: 'off'});
  const listen = h('input', {value: '127.0.0.1:0', autocomplete: 'off'});
  const protocol = select(protocols.map(one => one.name), 'tcp'), says = told();
  const form = h('form', {class: 'fields', onsubmit: async event => {
    event.preventDefault();
    const made = await says(make(changes.create({name: name.value, proxy: listen.value, backend: backend.value,
                                                 protocol: protocol.value})), name);
    if (made) location.hash = link(made.name);
  }}, field('Name', name), field('Listens on', listen, 'port 0: a free one'), field('Backend', backend, 'HOST:PORT or embedded'),
  field('Protocol', protocol), h('button', {type: 'submit', class: 'main'}, 'Make it'), says.element);
  return h('details', {class: 'panel'}, h('summary', {}, 'New proxy'), form);
}

export function overview() {
  const filter = h('input', {type: 'search', 'aria-label': 'Show proxies with', placeholder: 'Show proxies with …'});
  const total = h('p', {class: 'faint', role: 'status'}), form = h('div');
  const rows = windowed({height: () => (NARROW.matches ? HEIGHTS.narrow : HEIGHTS.wide), row: fill, label: 'Proxies',
                         key: entry => entry.name});
  const says = told();
  const reset = button('Reset all', () => says(make({method: 'POST', path: '/v1/reset', shell: 'vaurienctl reset',
    python: 'from vaurien.client import Client\nClient().reset()', http: `curl -X POST ${location.origin}/v1/reset`})),
                       {title: 'Make all proxies again what they were created as'});
  const element = h('div', {class: 'view'}, h('h1', {}, 'Proxies'), h('div', {class: 'tools'}, filter, reset, total, says.element), form,
                    rows.element);
  const draw = () => {
    const word = filter.value.toLowerCase();
    const found = [...store.proxies.values()].filter(entry => !word || [entry.name, entry.view?.address, entry.view?.backend,
      entry.view?.protocol].some(text => text?.toLowerCase().includes(word)));
    say(total, `${found.length} of ${store.proxies.size}`);
    rows.show(found);
  };
  filter.addEventListener('input', draw);
  store.catalog().then(known => put(form, creation(known.protocols)), () => {});
  return {element, events: {list: draw, stats: draw, proxy: () => {}}, scrolled: rows.draw, draw, watch: ''};
}
