// Numbers and times as people read them.

const UNITS = ['', 'k', 'M', 'G', 'T'];

// 1234567 -> "1.23 M"; less than 10 keeps a decimal.
export function count(value) {
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 && (Number.isInteger(value) || value >= 9.95) ? 0 : value >= 99.5 ? 0 : value >= 9.95 ? 1 : unit ? 2 : 1;
  return `${value.toFixed(digits)}${unit ? ' ' + UNITS[unit] : ''}`;
}

// Seconds: "1.2 ms", "340 us", "2.5 s", "4 min".
export function seconds(value) {
  if (value === null || value === undefined) return '–';
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 1) return `${(value * 1000).toPrecision(value < 0.1 ? 2 : 3)} ms`;
  if (value < 120) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return value < 7200 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`;
}

export function bytes(value) {
  const text = count(value);
  return text.includes(' ') ? `${text}B` : `${text} B`;
}

// The time of day of seconds since 1970, with milliseconds.
export function clock(time) {
  const date = new Date(time * 1000);
  const two = number => String(number).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

// What could not be seen in a name is made visible: control characters, marks that turn the direction of writing.
export function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// A name that has room.
export function short(text, most = 300) {
  const seen = visible(text);
  return seen.length > most ? `${seen.slice(0, most)}…` : seen;
}
