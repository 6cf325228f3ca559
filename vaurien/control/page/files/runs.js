// An exploration under way with its matrix, or a scenario with its phases, and the last report.

import {store} from './store.js';
import {h, put, say, button, panel, field} from './dom.js';
import {ask, follow, get} from './api.js';
import {explorationPart} from './exploration.js';
import {note} from './calls.js';
import {told} from './forms.js';
import {count, seconds, short} from './words.js';

// What is played from this page goes on when another view is looked at.
const play = {lines: [], report: null, running: false, abort: null, text: ''};

function reportOf(report) {
  const rows = report.phases.map(phase => h('tr', {}, [phase.name, seconds(phase.seconds), count(phase.total.requests),
    count(phase.total.failed), seconds(phase.total.latency?.p50), seconds(phase.total.latency?.p99), phase.ended].map(text => h('td', {}, short(text)))));
  return h('div', {class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Report'}, h('table', {}, h('thead', {}, h('tr', {},
    ['Phase', 'Took', 'Requests', 'Failed', 'p50', 'p99', 'Ended by'].map(head => h('th', {scope: 'col'}, head)))), h('tbody', {}, rows)));
}

export function runsView() {
  const says = told(), now = h('p', {role: 'status'}), lines = h('ol', {class: 'phases'}), report = h('div');
  const text = h('textarea', {rows: 14, spellcheck: 'false', value: play.text || EXAMPLE}), file = h('input', {type: 'file', accept: '.toml'});
  const start = button('Play it', () => begin(false), {class: 'main'}), check = button('Check it', () => begin(true));
  const stop = button('End it', () => says(ask('DELETE', '/v1/scenario')));
  file.addEventListener('change', async () => { if (file.files[0]) text.value = await file.files[0].text(); });

  async function begin(check_only) {
    play.text = text.value;
    Object.assign(play, {lines: [], report: null, running: !check_only});
    const body = {scenario: text.value, check: check_only};
    draw();
    const followed = follow('POST', '/v1/scenario', (name, data) => {
      if (name === 'phase') play.lines.push(data.text);
      if (name === 'report') play.report = data;
      draw();
    }, null, body);
    if (!check_only) note({shell: 'vaurienctl scenario FILE', python: 'from vaurien.client import Client\nfor what, data in Client().play(scenario):\n    print(what, data)',
                           http: `curl -N -X POST -H 'Content-Type: application/json' -d @scenario.json ${location.origin}/v1/scenario`});
    await says(followed, text);
    play.running = false;
    draw();
  }

  async function draw() {
    scenario.hidden = exploration.draw();       // which lets nothing be changed
    if (scenario.hidden) return;
    const playing = store.scenario;
    say(now, playing ? `Playing: ${short(playing)}` : play.running ? 'Begins …' : 'No scenario is played.');
    put(lines, play.lines.map(line => h('li', {}, short(line))));
    put(report, play.report ? [h('h3', {}, 'Report'), reportOf(play.report)] : []);
    stop.disabled = !playing;
    start.disabled = Boolean(playing);
    if (playing && !play.running) {
      const told_now = await get('/v1/scenario').catch(() => null);
      if (told_now?.phase) put(lines, h('li', {}, short(told_now.phase)));
    }
  }

  const exploration = explorationPart();
  const scenario = panel('Scenario', now, h('div', {class: 'tools'}, start, check, stop), says.element, lines, report,
      field('Scenario in TOML', text, 'what stands in a file of a scenario, without proxies'), field('From a file', file));
  const element = h('div', {class: 'view'}, h('h1', {}, 'Runs'), exploration.element, scenario);
  return {
    element, watch: '',
    events: {scenario: draw, stats: () => { if (store.scenario && !play.running) draw(); }, exploration: draw}, draw,
  };
}

const EXAMPLE = `# all proxies: as they are, then with errors, then as they are
name = "errors for a while"

[[phase]]
name = "before"
for = "20s"

[[phase]]
name = "errors"
for = "20s"
mix = "20:delay,10:error"

[[phase]]
name = "after"
for = "20s"
`;
