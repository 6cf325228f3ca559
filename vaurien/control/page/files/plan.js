// A fault by plan: exactly this request, exactly this failure.

import {h, put, button, panel, field} from './dom.js';
import {get} from './api.js';
import {changes, make} from './calls.js';
import {store} from './store.js';
import {select, told} from './forms.js';
import {short} from './words.js';

const ANY = '*';
const BEFORE = ['connect', 'handshake'];    // stages that are over before there is a request

// A text that the grammar of a plan takes as it is.
const plain = text => text.trim().replace(/\s+/g, ' ');

export function planEditor(name) {
  const says = told(), list = h('ul', {class: 'lines'}), form = h('div');
  const element = panel('Faults by plan', form, list, says.element);
  let protocol = '';

  async function refresh() {
    const {entries} = await get('/v1/plan');
    const mine = entries.filter(entry => entry.fault.proxy === ANY || entry.fault.proxy === name);
    put(list, mine.length ? mine.map(row) : h('li', {class: 'faint'}, 'No entry of the plan is about this proxy.'));
  }

  function row(entry) {
    const met = entry.applied ? `applied ${entry.applied} times` : short(entry.reason || 'not met yet');
    return h('li', {class: 'line'}, h('code', {}, short(entry.text)), h('span', {class: 'faint'}, met),
             button('Remove', async () => { if (await says(make(changes.unplan(entry.id)))) await refresh(); },
                    {'aria-label': `Remove entry ${entry.id}`}));
  }

  function shape(kinds) {
    const request = h('input', {value: ANY, autocomplete: 'off', required: true, list: 'requests-seen'});
    const nth = h('input', {type: 'number', min: 1, value: 1, required: true});
    const what = select([...kinds, 'abort', 'hang', 'blackout', 'delay'], kinds[0] || 'abort');
    put(form, h('form', {class: 'fields', onsubmit: async event => {
      event.preventDefault();
      const text = `${name}: ${plain(request.value)} #${nth.value} = ${what.value}`;
      if (await says(make(changes.plan(text)), request)) await refresh();
    }}, field('The request', request, 'its name, such as SET session:*; * stands for anything'),
    field('Which of them', nth, '1: the next'), field('gets', what), h('button', {type: 'submit', class: 'main'}, 'Plan it')));
  }

  return {
    element,
    refresh: () => refresh().catch(() => {}),
    draw(view) {
      if (view.protocol === protocol) return;
      protocol = view.protocol;
      store.catalog().then(known => {
        const one = known.protocols.find(entry => entry.name === protocol);
        shape(one ? one.kinds.filter(kind => !kind.stages.some(stage => BEFORE.includes(stage))).map(kind => kind.name) : []);
      }, () => {});
      refresh().catch(() => {});
    },
  };
}
