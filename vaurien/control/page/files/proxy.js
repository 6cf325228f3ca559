// One proxy in full.

import {store} from './store.js';
import {h, put, say, button, panel, field} from './dom.js';
import {changes, make} from './calls.js';
import {at, get} from './api.js';
import {chart} from './chart.js';
import {faultTable} from './faults.js';
import {mixEditor} from './mix.js';
import {planEditor} from './plan.js';
import {requestTable} from './requests.js';
import {sessionTable} from './sessions.js';
import {state} from './overview.js';
import {toxicEditor} from './toxics.js';
import {told} from './forms.js';
import {bytes, count, seconds, short, visible} from './words.js';

const EVERY = 2000;     // ms between two looks at what no event tells: sessions, and what became of the plan

function charts(series) {
  return [
    chart('Requests/s', {requests: series.requests}, value => count(value || 0)),
    chart('Faults/s', {faults: series.faults}, value => count(value || 0)),
    chart('p50, p99', {p99: series.p99, p50: series.p50}, (p99, p50) => (Number.isNaN(p50) ? '–' : `${seconds(p50)}, ${seconds(p99)}`)),
    chart('Sessions', {sessions: series.sessions}, value => count(value || 0)),
    chart('Bytes/s', {down: series.down, up: series.up}, (down, up) => `↓ ${bytes(down || 0)} ↑ ${bytes(up || 0)}`),
  ];
}

// What it is: switches, and where its requests go.
function basics(name, says) {
  const where = h('p', {}), enabled = h('input', {type: 'checkbox', role: 'switch'}), accepting = h('input', {type: 'checkbox', role: 'switch'});
  const backend = h('input', {autocomplete: 'off'});
  let view = null;
  const done = async wanted => {
    const made = await says(make(wanted));
    if (made) store.show(made);
    else draw(view);
  };
  enabled.addEventListener('change', () => done(changes.enable(name, enabled.checked, view.address)));
  accepting.addEventListener('change', () => done(changes.patch(name, {accepting: accepting.checked})));
  const element = panel('Proxy', where, h('div', {class: 'switches'}, h('label', {class: 'check'}, enabled, ' Enabled'),
    h('label', {class: 'check'}, accepting, ' Takes new connections')),
  h('form', {class: 'adding', onsubmit: event => {
    event.preventDefault();
    done(changes.backend(name, backend.value));
  }}, field('Backend', backend), h('button', {type: 'submit'}, 'Use it')),
  h('div', {class: 'tools'}, button('Reset', () => done(changes.reset(name)), {title: 'Make it again what it was created as'}),
    button('Remove this proxy', async () => { if (await says(make(changes.remove(name)))) location.hash = '#/'; }, {class: 'danger'})));
  function draw(found) {
    view = found;
    say(where, `${short(view.address)} → ${short(view.backend)}, ${view.protocol}${view.accepting || !view.enabled ? '' : ', refuses new connections'}`);
    enabled.checked = view.enabled;
    accepting.checked = view.accepting;
    if (document.activeElement !== backend) backend.value = view.backend;
  }
  return {element, draw};
}

// Why faults are not applied, where that is known.
function unapplied() {
  const element = h('div');
  return {element, draw(view) {
    const texts = [...view.unread.filter(one => one.open).map(one => `${one.open} open sessions are relayed unread: ${one.reason}`),
                   ...view.uses.filter(use => use.current && use.chosen && !use.applied).map(
                     use => `${use.behavior} was chosen for ${use.chosen} requests and applied to none`)];
    put(element, texts.map(text => h('p', {class: 'note'}, short(text))));
  }};
}

export function proxyView(name) {
  const entry = store.entry(name), says = told();
  const drawn = charts(entry.series), dot = h('span', {class: 'state'}), title = h('h1', {}, dot, short(name, 100));
  const parts = [basics(name, says), unapplied(), mixEditor(name), toxicEditor(name), planEditor(name)];
  const requests = requestTable(), sessions = sessionTable(name), faults = faultTable(name);
  const element = h('div', {class: 'view'}, h('p', {}, h('a', {href: '#/'}, '← All proxies')), title, says.element,
                    h('div', {class: 'charts'}, drawn.map(one => one.element)),
                    h('div', {class: 'columns'}, h('div', {}, parts.map(part => part.element)),
                      h('div', {}, requests.element, faults.element, sessions.element)));
  const show = () => {
    const view = store.proxies.get(name)?.view;
    if (!view) return;
    dot.className = `state ${state(view)[0]}`;
    for (const part of parts) part.draw(view);
  };
  const look = async () => {
    if (document.hidden || store.link.state !== 'live') return;
    await Promise.all([sessions.refresh(), parts.at(-1).refresh(), get(at('proxies', name)).then(view => store.show(view), () => {})]);
  };
  const ticks = setInterval(look, EVERY);
  look();
  return {
    element, watch: name, title: visible(name),
    draw() {
      show();
      faults.draw();
      drawn.forEach(one => one.draw());
    },
    events: {
      stats: () => drawn.forEach(one => one.draw()), faults: faults.draw, requests: event => requests.draw(event.detail),
      proxy: event => { if (event.detail === name) show(); },
      list: () => {
        if (store.proxies.has(name)) return;
        says.element.textContent = 'This proxy is not there any more.';
      },
    },
    close: () => clearInterval(ticks),
  };
}
