// A long list of rows of one height: only those that can be seen are in the page.

import {h} from './dom.js';

const BEYOND = 6;       // rows above and below the window

// Makes a list. `row(item, element)` fills the element of a row, which is used for other items when one scrolls.
export function windowed({height, row, label, key}) {
  const body = h('div', {class: 'rows', role: 'list', 'aria-label': label});
  const shown = new Map();
  let items = [];

  function draw() {
    const step = height(), box = body.getBoundingClientRect();
    const first = Math.max(0, Math.floor(-box.top / step) - BEYOND);
    const last = Math.min(items.length, Math.ceil((innerHeight - box.top) / step) + BEYOND);
    const wanted = new Map(items.slice(first, last).map((item, at) => [key(item), first + at]));
    for (const [name, element] of shown) {
      if (!wanted.has(name)) {
        element.remove();
        shown.delete(name);
      }
    }
    body.style.height = `${items.length * step}px`;
    for (const [name, at] of wanted) {
      let element = shown.get(name);
      if (!element) {
        element = h('div', {class: 'row', role: 'listitem'});
        shown.set(name, element);
      }
      element.style.transform = `translateY(${at * step}px)`;
      element.style.height = `${step}px`;
      element.setAttribute('aria-posinset', at + 1);
      element.setAttribute('aria-setsize', items.length);
      row(items[at], element);
      // the order in the document is the order on the page, for those who read or tab through it
      const before = [...body.children].find(child => Number(child.getAttribute('aria-posinset')) > at + 1);
      if (element.parentNode !== body || (before && before.previousSibling !== element)) body.insertBefore(element, before || null);
    }
  }

  return {
    element: body,
    show(found) {
      items = found;
      draw();
    },
    draw,
  };
}
