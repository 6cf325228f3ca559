// The conditions of a proxy's wire: links that people know, and single toxics.

import {h, put, button, panel, field} from './dom.js';
import {at, get} from './api.js';
import {changes, make} from './calls.js';
import {store} from './store.js';
import {optionFields, select, told} from './forms.js';
import {visible} from './words.js';

const LINK = 'link_';   // what the names of a link's toxics begin with
const ACROSS = {downstream: 'backend → client', upstream: 'client → backend'};

function share(value) {
  return h('input', {type: 'number', min: 0, max: 1, step: 'any', value});
}

// The form that adds a toxic.
function adding(name, known, says, done) {
  const fields = h('div'), type = select(known.map(one => one.name), 'latency', {onchange: () => draw()});
  const stream = select(Object.keys(ACROSS), 'downstream'), toxicity = share(1), called = h('input', {maxlength: 100, autocomplete: 'off'});
  let options;
  function draw() {
    const one = known.find(toxic => toxic.name === type.value);
    options = optionFields(one.options);
    put(fields, h('p', {class: 'faint'}, one.description.split('\n\n')[0]), options.element);
  }
  draw();
  return h('details', {}, h('summary', {}, 'Add a toxic'), h('form', {onsubmit: async event => {
    event.preventDefault();
    const given = {type: type.value, attributes: options.read(), stream: stream.value, toxicity: Number(toxicity.value)};
    if (called.value) given.name = called.value;
    if (await says(make(changes.addToxic(name, given)))) done();
  }}, h('div', {class: 'fields'}, field('Type', type), field('Direction', stream, 'downstream: backend to client'),
        field('Toxicity', toxicity, 'share of the sessions, 0 to 1'), field('Name', called, 'none: TYPE_STREAM')), fields,
  h('button', {type: 'submit', class: 'main'}, 'Add it')));
}

// One toxic: what it is, and its fields to change it.
function row(name, toxic, known, says, done) {
  const one = known.find(entry => entry.name === toxic.type);
  const text = Object.entries(toxic.attributes).map(([key, value]) => `${key} ${value}`).join(', ');
  const options = one ? optionFields(one.options, toxic.attributes) : null, toxicity = share(toxic.toxicity);
  const head = h('div', {class: 'line'}, h('strong', {}, visible(toxic.name)), h('span', {}, `${toxic.type} ${visible(text)}`),
                 h('span', {class: 'faint'}, ACROSS[toxic.stream], toxic.toxicity < 1 ? `, in ${toxic.toxicity * 100} % of the sessions` : ''),
                 button('Remove', async () => { if (await says(make(changes.removeToxic(name, toxic.name)))) done(); },
                        {'aria-label': `Remove ${visible(toxic.name)}`}));
  const form = options && h('details', {}, h('summary', {}, 'Change'), options.element, field('Toxicity', toxicity),
                            button('Change it', async () => {
                              const given = {attributes: options.read(), toxicity: Number(toxicity.value)};
                              if (await says(make(changes.changeToxic(name, toxic.name, given)))) done();
                            }));
  return h('li', {}, head, form);
}

export function toxicEditor(name) {
  const says = told(), list = h('ul', {class: 'lines'}), add = h('div'), links = h('div');
  const element = panel('Wire', links, list, add, says.element);
  let known = [], shown = '', view = null;
  const done = async () => store.show(await get(at('proxies', name)));

  function draw() {
    put(list, view.toxics.length ? view.toxics.map(toxic => row(name, toxic, known, says, done))
      : h('li', {class: 'faint'}, 'No toxics: the wire is as it is.'));
  }

  Promise.all([store.catalog(), get('/v1/links')]).then(([catalog, {links: found}]) => {
    known = catalog.toxics;
    put(add, adding(name, known, says, done));
    const which = select(['none', ...found.map(one => one.name)], 'none');
    put(links, h('div', {class: 'adding'}, field('Link', which, 'toxics for both directions that make a wire like it'), button('Use it', async () => {
      const link = found.find(one => one.name === which.value);
      const kept = view.toxics.filter(toxic => !toxic.name.startsWith(LINK));
      const made = await says(make(changes.patch(name, {toxics: [...kept, ...(link ? link.toxics : [])]})));
      if (made) store.show(made);
    })));
    if (view) draw();
  }, () => {});

  return {
    element,
    draw(found) {
      view = found;
      const text = JSON.stringify(found.toxics);
      if (text === shown) return;
      shown = text;
      draw();
    },
  };
}
