// The page: which view is shown, and the state of the link to the process.

import {store} from './store.js';
import {field, h, put, say} from './dom.js';
import {keepToken, token} from './api.js';
import {faultView} from './faults.js';
import {overview} from './overview.js';
import {proxyView} from './proxy.js';
import {runsView} from './runs.js';
import {clock, visible} from './words.js';

const VIEWS = {'': ['proxies', overview], faults: ['faults', faultView], runs: ['runs', runsView]};
const main = document.getElementById('main');
let view = null;

function chosen() {
  const [first, ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  if (first === 'proxy' && rest.length) return ['proxies', () => proxyView(decodeURIComponent(rest.join('/')))];
  return VIEWS[first] || VIEWS[''];
}

function show() {
  view?.close?.();
  const [word, make] = chosen();
  view = make();
  put(main, view.element);
  document.title = view.title ? `${view.title} – vaurien` : 'vaurien';
  for (const link of document.querySelectorAll('nav [data-view]')) {
    if (link.dataset.view === word) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  store.watch(view.watch);
  view.draw();
  scrollTo(0, 0);
}

// Asks for the token: it is kept for this tab, and sent as a header alone.
function ask() {
  const input = h('input', {type: 'password', autocomplete: 'off', required: true});
  const form = h('form', {class: 'panel', onsubmit: event => {
    event.preventDefault();
    keepToken(input.value.trim());
    show();
    store.dispatchEvent(new Event('token'));
  }}, h('h1', {}, 'Token'), h('p', {}, token() ? 'This is not the token of this vaurien.' : 'This vaurien was started with a token.'),
  field('Token', input, 'what was given as --http-token; it is kept for this tab'), h('button', {type: 'submit', class: 'main'}, 'Open'));
  view?.close?.();
  view = null;
  put(main, form);
  input.focus();
}

for (const name of ['list', 'stats', 'faults', 'requests', 'proxy', 'scenario', 'exploration']) {
  store.addEventListener(name, event => {
    if (!document.hidden) view?.events[name]?.(event);
  });
}
store.addEventListener('notices', ({detail}) => {
  const last = detail.notices.at(-1);
  say(document.getElementById('notice'), `${clock(last.time)} ${visible(last.text)}`);
});
store.addEventListener('link', ({detail}) => {
  const link = document.getElementById('link');
  link.className = `link ${detail.state}`;
  say(link, detail.text);
  if (detail.state === 'locked') ask();
  if (detail.state === 'live' && !view) show();
});
addEventListener('hashchange', () => {
  show();
  main.focus();
});
addEventListener('scroll', () => view?.scrolled?.(), {passive: true});
addEventListener('resize', () => view?.scrolled?.());
document.addEventListener('visibilitychange', () => { if (!document.hidden) view?.draw(); });
show();
store.run();
