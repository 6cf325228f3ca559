// An exploration: requests by failures, with what came of each, and its findings. What was told last stays when the process has gone.

import {store} from './store.js';
import {h, put, say, panel} from './dom.js';
import {count, short} from './words.js';

const STATES = {baseline: 'Baseline', trying: 'Trying', confirming: 'Confirming', ended: 'Ended'};
const QUIET = {pass: 'fine', waiting: 'wait', running: 'now', 'not met': 'wait', 'not tried': 'wait', 'not confirmed': 'wait'};

// How a failure is called: its letter, and whether it goes on.
const headOf = failure => failure.category + (failure.mode === 'always' ? ' always' : '');

function matrixOf(told) {
  const heads = told.failures.map(failure => h('th', {scope: 'col', title: failure.meaning}, headOf(failure)));
  const rows = told.requests.map(row => h('tr', {}, h('th', {scope: 'row'}, h('small', {}, short(row.proxy, 60)), ' ', h('code', {}, short(row.request))),
    row.cells.map(word => h('td', {}, word && h('span', {class: `came ${QUIET[word] || 'bad'}`}, short(word, 40))))));
  const left = told.requests_left_out ? h('p', {class: 'note'}, `${count(told.requests_left_out)} more requests are not shown.`) : null;
  return [h('div', {class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Requests and failures'}, h('table', {class: 'matrix'},
    h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'Request'), heads)), h('tbody', {}, rows))), left];
}

function findingOf(found) {
  const more = found.request_count > found.requests.length ? ` and ${count(found.request_count - found.requests.length)} more` : '';
  return h('li', {class: 'finding'}, h('h3', {}, h('span', {class: `came ${found.level === 'FAIL' ? 'bad' : 'now'}`}, found.level), ` ${short(found.verdict, 60)}`,
    found.accepted ? h('small', {}, ' accepted') : null),
  h('p', {}, short(found.proxy, 60), ': ', h('code', {}, found.requests.map(name => short(name)).join(', ')), `${more}, class ${headOf(found)}, in ${count(found.test_count)} ${found.test_count === 1 ? 'test' : 'tests'}`),
  h('p', {}, short(found.sentence, 700)), h('p', {}, short(found.detail, 700)),
  found.again ? h('details', {}, h('summary', {}, `Again: ${short(found.verdict, 60)} at ${short(found.requests[0] || '', 60)}`), h('pre', {}, short(found.again, 700))) : null);
}

function meaningsOf(told) {
  const known = new Map(told.failures.map(failure => [failure.category, failure.meaning]));
  return h('details', {}, h('summary', {}, 'What the letters mean'), h('dl', {}, [...known].sort().map(([letter, meaning]) => [h('dt', {}, letter), h('dd', {}, meaning)])));
}

// The part of the view of runs that shows it; `draw()` says whether there is one.
export function explorationPart() {
  const now = h('p', {role: 'status'}), bar = h('progress', {'aria-label': 'Runs of this level'}), matrix = h('div'), found = h('div'), meanings = h('div');
  const element = panel('Exploration', now, bar, matrix, meanings, found);
  let drawn = null;

  function draw() {
    const told = store.exploration;
    element.hidden = !told;
    if (!told || told === drawn) return Boolean(told);
    drawn = told;
    const ended = told.state === 'ended';
    say(now, [STATES[told.state] || told.state, ended ? told.summary : told.doing].filter(Boolean).map(text => short(text, 700)).join(': '));
    bar.hidden = told.state !== 'trying';
    bar.max = Math.max(1, told.runs + told.runs_left);
    bar.value = told.runs;
    const scroll = matrix.firstChild?.scrollTop || 0, aside = matrix.firstChild?.scrollLeft || 0, held = matrix.contains(document.activeElement);
    put(matrix, told.requests.length ? matrixOf(told) : []);
    matrix.firstChild?.scrollTo(aside, scroll);
    if (held) matrix.firstChild?.focus();
    if (told.failures.length && !meanings.firstChild) put(meanings, meaningsOf(told));
    put(found, !ended ? [] : [h('h3', {}, 'Findings'), told.findings.length ? h('ol', {class: 'lines'}, told.findings.map(findingOf)) : h('p', {}, 'Nothing was found.'),
      told.findings_left_out ? h('p', {class: 'note'}, `${count(told.findings_left_out)} more findings are not shown.`) : null]);
    return true;
  }

  return {element, draw};
}
