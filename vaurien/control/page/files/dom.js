// Elements from data. Text is always text: nothing here reads markup.

const SVG = 'http://www.w3.org/2000/svg';

// Makes an element. What begins with "on" is listened to, "class" and "data-..." are attributes, null and false are left out.
export function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'value' || key === 'checked' || key === 'disabled' || key === 'open') element[key] = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

// Puts children in the place of those that are there.
export function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

// Writes a text, where it is another one than before: what did not change is not laid out again.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  return element;
}

let numbers = 0;

export function uid(word) {
  numbers += 1;
  return `${word}-${numbers}`;
}

// A field with its label before it.
export function field(label, control, hint = '') {
  const id = uid('field');
  control.id = id;
  const told = hint ? h('small', {id: `${id}-hint`}, hint) : null;
  if (told) control.setAttribute('aria-describedby', told.id);
  return h('div', {class: 'field'}, h('label', {for: id}, label), control, told);
}

// A part of a view, with a heading.
export function panel(title, ...children) {
  const id = uid('panel');
  return h('section', {class: 'panel', 'aria-labelledby': id}, h('h2', {id}, title), ...children);
}

export function button(text, click, attributes = {}) {
  return h('button', {type: 'button', onclick: click, ...attributes}, text);
}
