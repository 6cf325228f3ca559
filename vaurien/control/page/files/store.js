// What the page knows of the process: its proxies, what they have counted over the last minutes, and its newest faults.

import {get, follow, at, Gone, Refused} from './api.js';

export const SPAN = 300;        // points of a series: five minutes
const KEPT_FAULTS = 1000;
const ALL_AT_ONCE = 20;         // of more changed proxies than these the whole list is asked for
const RETRY = [500, 1000, 2000, 5000];
const RATES = {requests: 'exchanges', faults: 'faults', down: 'from_backend', up: 'from_client'};

class Series {
  constructor() {
    this.values = new Float64Array(SPAN).fill(NaN);
    this.end = 0;
  }

  add(value) {
    this.values[this.end % SPAN] = value;
    this.end += 1;
  }

  get last() {
    return this.end ? this.values[(this.end - 1) % SPAN] : NaN;
  }

  // Oldest first.
  *points() {
    for (let at = Math.max(0, this.end - SPAN); at < this.end; at += 1) yield this.values[at % SPAN];
  }
}

function seriesOf() {
  return Object.fromEntries(['requests', 'sessions', 'faults', 'down', 'up', 'p50', 'p99'].map(name => [name, new Series()]));
}

class Store extends EventTarget {
  constructor() {
    super();
    this.proxies = new Map();   // name -> {name, view, counted, series}
    this.faults = [];           // newest last
    this.missed = 0;
    this.last = null;           // the newest fault that is known, by its id
    this.link = {state: 'connecting', text: 'connecting'};
    this.hello = null;
    this.scenario = '';
    this.exploration = null;    // what was told of it last, also when the process has gone
    this.watched = '';
    this.seconds = Infinity;
    this.tries = 0;
    this.abort = null;
    this.away = false;          // another page is in this tab, and this one may come back
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }

  linked(state, text) {
    this.link = {state, text};
    this.tell('link', this.link);
  }

  // Watches one proxy's requests beside all counts; empty: none.
  watch(proxy) {
    if (proxy === this.watched) return;
    this.watched = proxy;
    if (this.abort) this.abort.abort();
  }

  // Follows the process for ever; comes back by itself when the process does. A page that is left holds no connection: a browser
  // keeps it for its way back, and has six connections for all pages of one address.
  async run() {
    addEventListener('pagehide', () => {
      this.away = true;
      this.abort?.abort();
    });
    addEventListener('pageshow', () => {
      this.away = false;
      this.tell('back');
    });
    for (;;) {
      if (this.away) await new Promise(done => this.addEventListener('back', done, {once: true}));
      this.abort = new AbortController();
      let pause = 0;
      try {
        const query = new URLSearchParams();
        if (this.watched && this.proxies.has(this.watched)) query.set('proxy', this.watched);
        if (this.last !== null) query.set('since', this.last);
        await follow('GET', `/v1/live?${query}`, (name, data) => this.heard(name, data), this.abort.signal);
        pause = this.abort.signal.aborted ? 0 : RETRY[0];
      } catch (error) {
        pause = await this.failed(error);
      }
      if (pause) await new Promise(done => setTimeout(done, pause));
    }
  }

  async failed(error) {
    if (error.name === 'AbortError') return 0;
    const pause = RETRY[Math.min(this.tries, RETRY.length - 1)];
    this.tries += 1;
    if (error instanceof Refused && error.status === 401) {
      this.linked('locked', 'a token is needed');
      await new Promise(done => this.addEventListener('token', done, {once: true}));
      return 0;
    }
    if (error instanceof Refused && error.status === 404) {
      this.watched = '';
      return 0;
    }
    this.linked('gone', error instanceof Gone ? 'vaurien does not answer; trying again' : `${error.message}; trying again`);
    return pause;
  }

  heard(name, data) {
    const take = {hello: () => this.greeted(data), proxies: () => this.changed(data), stats: () => this.counted(data),
                  faults: () => this.faulted(data), scenario: () => this.played(data), requests: () => this.tell('requests', data),
                  exploration: () => this.explored(data), notices: () => this.tell('notices', data)};
    if (take[name]) take[name]();
  }

  greeted(data) {
    this.tries = 0;
    this.hello = data;
    this.last = this.last === null ? data.fault : Math.min(this.last, data.fault);
    this.fresh = true;
    this.linked('live', 'live');
  }

  played(data) {
    this.scenario = data.scenario;
    this.tell('scenario', data);
  }

  explored(data) {
    this.exploration = data;
    this.tell('exploration', data);
  }

  entry(name) {
    if (!this.proxies.has(name)) this.proxies.set(name, {name, view: null, counted: null, series: seriesOf()});
    return this.proxies.get(name);
  }

  async changed({changed, gone}) {
    if (this.fresh) {           // after a gap: what is not told any more is not there any more
      this.fresh = false;
      gone = [...this.proxies.keys()].filter(name => !changed.includes(name));
    }
    for (const name of gone) this.proxies.delete(name);
    for (const name of changed) this.entry(name);
    this.tell('list');
    try {
      await this.refresh(changed);
    } catch {
      // the stream tells whether the process has gone
    }
  }

  async refresh(names) {
    if (names.length > ALL_AT_ONCE) {
      for (const view of (await get('/v1/proxies')).proxies) this.show(view);
    } else {
      await Promise.all(names.map(async name => this.show(await get(at('proxies', name)))));
    }
    this.tell('list');
  }

  show(view) {
    const entry = this.entry(view.name);
    entry.view = view;
    this.tell('proxy', view.name);
  }

  // The seconds are those of a clock that only goes forward, and begins anew with the process.
  counted({seconds, rows}) {
    const passed = seconds > this.seconds ? seconds - this.seconds : 0;
    this.seconds = seconds;
    const told = new Map(rows.map(row => [row[0], Object.fromEntries(this.hello.row.map((key, at) => [key, row[at]]))]));
    for (const entry of this.proxies.values()) {
      const before = entry.counted, now = told.get(entry.name) || before;
      if (!now) continue;
      entry.counted = now;
      for (const [name, key] of Object.entries(RATES)) {
        const grown = before && passed && now[key] >= before[key] ? (now[key] - before[key]) / passed : 0;
        entry.series[name].add(grown);
      }
      entry.series.sessions.add(now.sessions);
      entry.series.p50.add(now.p50 ?? NaN);
      entry.series.p99.add(now.p99 ?? NaN);
    }
    this.tell('stats');
  }

  faulted({faults, missed}) {
    this.faults.push(...faults);
    this.last = faults.at(-1).id;
    this.missed += missed;
    if (this.faults.length > KEPT_FAULTS) this.faults.splice(0, this.faults.length - KEPT_FAULTS);
    this.tell('faults', faults);
  }

  async catalog() {
    if (!this.known) {
      const [behaviors, protocols, toxics] = await Promise.all([get('/v1/behaviors'), get('/v1/protocols'), get('/v1/toxics')]);
      this.known = {behaviors: behaviors.behaviors, protocols: protocols.protocols, toxics: toxics.toxics};
    }
    return this.known;
  }
}

export const store = new Store();
