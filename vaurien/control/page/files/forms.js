// Fields that are made of what the process says about options, and the place where a refusal is told.

import {h, field} from './dom.js';
import {Refused} from './api.js';
import {visible} from './words.js';

export function select(names, value = '', attributes = {}) {
  const made = h('select', attributes, names.map(name => h('option', {value: name}, name)));
  made.value = value;
  return made;
}

// Makes a function that waits for a change, and tells in its element what was refused; returns what came, null where it was.
export function told() {
  const element = h('p', {class: 'told', role: 'alert'});
  const says = async (promise, mended = null) => {
    element.textContent = '';
    try {
      return (await promise) ?? true;
    } catch (error) {
      element.textContent = visible(error.message);
      if (mended && error instanceof Refused) mended.focus();
      return null;
    }
  };
  says.element = element;
  return says;
}

// A field for one option of a plugin. `read()` gives its value, undefined where it has its default and nothing was said of it.
export function optionField(option, given) {
  const known = given !== undefined, shown = known ? given : option.default;
  let control, read;
  if (option.type === 'boolean') {
    control = h('input', {type: 'checkbox', checked: Boolean(shown)});
    read = () => control.checked;
  } else if (option.choices) {
    control = select(option.choices.map(String), String(shown));
    read = () => option.choices.find(choice => String(choice) === control.value);
  } else if (option.type === 'number' || option.type === 'integer') {
    control = h('input', {type: 'number', step: 'any', value: shown ?? ''});
    read = () => (control.value === '' ? option.default : Number(control.value));
  } else {
    control = h('input', {type: 'text', value: shown ?? '', autocomplete: 'off'});
    read = () => control.value;
  }
  return {
    element: field(option.name, control, `${option.description.replace(/\.$/, '')}; ${option.expected}`),
    control,
    read() {
      const value = read();
      const same = value === option.default || (value === '' && option.default === null);
      return same && !known ? undefined : value;
    },
  };
}

// Fields for all options of a plugin; `read()` gives those that say something else than the default.
export function optionFields(options, given = {}) {
  const fields = options.map(option => [option.name, optionField(option, given[option.name])]);
  return {
    element: h('div', {class: 'fields'}, fields.map(([, made]) => made.element)),
    read: () => Object.fromEntries(fields.map(([name, made]) => [name, made.read()]).filter(([, value]) => value !== undefined)),
  };
}
