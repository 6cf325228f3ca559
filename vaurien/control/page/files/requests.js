// The requests of a proxy as they happen: by shape, and one by one.

import {h, put, say, panel} from './dom.js';
import {pattern, pause} from './faults.js';
import {clock, count, seconds, short} from './words.js';

const KEPT = 500;
const SHOWN = 100;

function table(label, heads, body) {
  return h('div', {class: 'scroll', tabindex: '0', role: 'group', 'aria-label': label},
           h('table', {}, h('thead', {}, h('tr', {}, heads.map(head => h('th', {scope: 'col'}, head)))), body));
}

export function requestTable() {
  const filter = pattern('Show requests that this is found in'), held = pause();
  const shapes = h('tbody'), newest = h('tbody'), total = h('p', {class: 'faint', role: 'status'});
  const element = panel('Requests', h('div', {class: 'tools'}, filter.input, held.element), total,
                        table('Requests by shape', ['Shape', 'Seen', 'p50', 'p99', 'Faults'], shapes),
                        h('h3', {}, 'Newest'), table('Newest requests', ['Time', 'Session', 'Request', 'Took', 'Met'], newest));
  let kept = [], last = null;

  function draw(data = null) {
    if (data) {
      last = data;
      kept.push(...data.requests);
      kept = kept.sort((one, two) => one.time - two.time).slice(-KEPT);
    }
    if (held.on() || !last) return;
    const wanted = kept.filter(one => filter.fits(`${one.request} ${one.met}`));
    put(newest, wanted.slice(-SHOWN).reverse().map(one => h('tr', {class: one.met ? 'met' : null}, [
      clock(one.time), String(one.session), short(one.request), one.seconds === null ? '–' : seconds(one.seconds), short(one.met, 60)]
      .map(text => h('td', {}, text)))));
    put(shapes, last.shapes.filter(one => filter.fits(one.shape)).slice(0, SHOWN).map(one => h('tr', {}, [
      short(one.shape), count(one.seen), seconds(one.p50), seconds(one.p99), count(one.faults)].map(text => h('td', {}, text)))));
    say(total, last.share >= 1 ? 'Every request is seen.'
      : `There are many: ${Math.max(0.1, last.share * 100).toFixed(1)} % of the requests are looked at.`);
  }

  filter.input.addEventListener('input', () => draw());
  held.box.addEventListener('change', () => draw());
  return {element, draw};
}
