// The open sessions of a proxy, to be ended one by one or all.

import {h, say, button, panel} from './dom.js';
import {at, get} from './api.js';
import {changes, make} from './calls.js';
import {told} from './forms.js';
import {bytes, count, seconds, short} from './words.js';

const SHOWN = 100;
const HEADS = ['Session', 'Client', 'Age', 'Requests', 'Up', 'Down', 'Under way', ''];

export function sessionTable(name) {
  const says = told(), body = h('tbody'), total = h('span', {class: 'faint'});
  const element = panel('Sessions', h('div', {class: 'tools'}, total, button('End all', () => says(make(changes.killAll(name)).then(refresh)))),
                        says.element, h('div', {class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Table of sessions'},
                                        h('table', {}, h('thead', {}, h('tr', {}, HEADS.map(head => h('th', {scope: 'col'}, head || h('span', {class: 'unseen'}, 'Actions'))))), body)));
  const rows = new Map();

  function rowOf(number) {
    const cells = HEADS.slice(1, -1).map(() => h('td'));
    return {cells, element: h('tr', {}, h('th', {scope: 'row'}, String(number)), cells,
                              h('td', {}, button('End', () => says(make(changes.kill(name, number)).then(refresh)),
                                                 {'aria-label': `End session ${number}`})))};
  }

  async function refresh() {
    const found = await get(`${at('proxies', name, 'sessions')}?limit=${SHOWN}`);
    const there = new Set(found.sessions.map(session => session.number));
    for (const [number, row] of rows) {
      if (!there.has(number)) {
        row.element.remove();
        rows.delete(number);
      }
    }
    for (const session of found.sessions) {
      if (!rows.has(session.number)) {
        const row = rowOf(session.number);
        rows.set(session.number, row);
        body.append(row.element);
      }
      const texts = [short(session.client, 60), seconds(session.age), count(session.exchanges), bytes(session.from_client),
                     bytes(session.from_backend), short(session.request, 80)];
      texts.forEach((text, column) => say(rows.get(session.number).cells[column], text));
    }
    say(total, found.total > found.sessions.length ? `${count(found.total)} open, the oldest ${found.sessions.length} are shown`
      : `${found.total} open`);
  }

  return {element, refresh: () => refresh().catch(() => {})};
}
