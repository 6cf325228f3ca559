// Every change that the page makes, and the same for a shell, for Python and for HTTP, to copy.

import {ask, at} from './api.js';
import {h, put, button} from './dom.js';
import {visible} from './words.js';

const KEPT = 20;
const KINDS = {vaurienctl: change => change.shell, Python: change => change.python, HTTP: change => change.http};
const made = [];
let kind = 'vaurienctl';

function quote(text) {
  text = String(text);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function python(value) {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([key, one]) => `${python(key)}: ${python(one)}`).join(', ')}}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

const named = fields => Object.entries(fields).map(([key, value]) => `, ${key}=${python(value)}`).join('');
const attributes = given => Object.entries(given || {}).map(([key, value]) => ` ${quote(`${key}=${value}`)}`).join('');

function curl(method, path, body) {
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`;
  return `curl -X ${method}${data} ${quote(location.origin + path)}`;
}

// A change: what is asked, and how it is said elsewhere; a shell has no word for some.
function change(method, path, body, shell, call) {
  return {method, path, body, shell: shell || `# vaurienctl has no word for this: ${curl(method, path, body)}`,
          python: `from vaurien.client import Client\nClient().${call}`, http: curl(method, path, body)};
}

export const changes = {
  create({name, ...fields}) {
    const flags = Object.entries({listen: fields.proxy, backend: fields.backend, protocol: fields.protocol, mix: fields.mix})
      .filter(([, value]) => value).map(([flag, value]) => ` --${flag} ${quote(value)}`).join('');
    return change('POST', '/v1/proxies', {name, ...fields}, `vaurienctl create ${quote(name)}${flags}`,
                  `create(${python(name)}${named(fields)})`);
  },
  remove(name) {
    return change('DELETE', at('proxies', name), undefined, `vaurienctl remove ${quote(name)}`, `remove(${python(name)})`);
  },
  reset(name) {
    return change('POST', `${at('proxies', name)}/reset`, undefined, `vaurienctl reset ${quote(name)}`, `reset(${python(name)})`);
  },
  patch(name, fields, shell = '') {
    return change('PATCH', at('proxies', name), fields, shell, `change(${python(name)}${named(fields)})`);
  },
  backend(name, backend) {
    return this.patch(name, {backend}, `vaurienctl backend ${quote(name)} ${quote(backend)}`);
  },
  enable(name, enabled, address) {
    const fields = enabled ? {enabled} : {enabled, proxy: address};     // port 0 must not become another one
    return this.patch(name, fields, `vaurienctl ${enabled ? 'enable' : 'disable'} ${quote(name)}`);
  },
  mix(name, entries) {
    const plain = entries.every(entry => !Object.keys(entry.settings || {}).length);
    const text = entries.map(entry => `${entry.percent}:${entry.name}`).join(',');
    return this.patch(name, {mix: plain && text ? text : entries}, plain && text ? `vaurienctl mix ${quote(name)} ${quote(text)}` : '');
  },
  addToxic(name, {type, attributes: given, ...fields}) {
    const flags = Object.entries(fields).map(([flag, value]) => ` --${flag} ${quote(value)}`).join('');
    return change('POST', at('proxies', name, 'toxics'), {type, attributes: given, ...fields},
                  `vaurienctl add-toxic ${quote(name)} ${quote(type)}${attributes(given)}${flags}`,
                  `add_toxic(${python(name)}, ${python(type)}, ${python(given)}${named(fields)})`);
  },
  changeToxic(name, toxic, {attributes: given, ...fields}) {
    const flags = Object.entries(fields).map(([flag, value]) => ` --${flag} ${quote(value)}`).join('');
    return change('PATCH', at('proxies', name, 'toxics', toxic), {attributes: given, ...fields},
                  `vaurienctl change-toxic ${quote(name)} ${quote(toxic)}${attributes(given)}${flags}`,
                  `change_toxic(${python(name)}, ${python(toxic)}, ${python(given)}${named(fields)})`);
  },
  removeToxic(name, toxic) {
    return change('DELETE', at('proxies', name, 'toxics', toxic), undefined,
                  `vaurienctl remove-toxic ${quote(name)} ${quote(toxic)}`, `remove_toxic(${python(name)}, ${python(toxic)})`);
  },
  plan(text) {
    return change('POST', '/v1/plan', {faults: [text]}, `vaurienctl plan add ${quote(text)}`, `add_to_plan(${python(text)})`);
  },
  unplan(number) {
    return change('DELETE', at('plan', number), undefined, `vaurienctl plan remove ${number}`, `remove_from_plan(${number})`);
  },
  kill(name, number) {
    return change('DELETE', at('proxies', name, 'sessions', number), undefined, `vaurienctl kill ${quote(name)} ${number}`,
                  `kill(${python(name)}, ${number})`);
  },
  killAll(name) {
    return change('DELETE', at('proxies', name, 'sessions'), undefined, `vaurienctl kill ${quote(name)}`,
                  `kill_all(${python(name)})`);
  },
};

// Makes a change. Returns what came of it; what was refused is thrown.
export async function make(wanted) {
  const result = await ask(wanted.method, wanted.path, wanted.body);
  note(wanted);
  return result;
}

// Shows a change as what does the same.
export function note(wanted) {
  made.unshift(wanted);
  made.length = Math.min(made.length, KEPT);
  draw();
}

function draw() {
  const bar = document.getElementById('calls');
  const newest = made[0];
  bar.hidden = false;
  const text = KINDS[kind](newest);
  const tabs = Object.keys(KINDS).map(name => button(name, () => {
    kind = name;
    draw();
    bar.querySelector('[aria-pressed=true]').focus();
  }, {'aria-pressed': String(name === kind)}));
  const copied = h('span', {role: 'status', class: 'faint'});
  const copy = button('Copy', async () => {
    await navigator.clipboard.writeText(text);
    copied.textContent = 'copied';
  });
  put(bar, h('div', {class: 'calls-head'}, h('strong', {}, 'The same as a call'), h('div', {class: 'tabs', role: 'group', 'aria-label': 'Language'}, tabs),
             copy, copied, button('Hide', () => { bar.hidden = true; })),
      h('pre', {tabindex: '0', 'aria-label': 'The last change as a call'}, h('code', {}, visible(text).replaceAll('\\u000a', '\n'))));
}
