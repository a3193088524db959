// Text for people. Nothing here, or anywhere on this page, makes markup from strings: what a model wrote is only ever a text node.

// Control and format characters (NUL, escapes, bidirectional overrides, zero widths, tags), which a reader could not see.
const hidden = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

// By number: many fonts lack the pictures that Unicode has of them.
const numbered = (character) => 'U+' + character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');

export function element(name, className = '', text = '') {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}

// An element that shows `text` as it is, hidden characters by their numbers.
export function untrusted(name, className, text, cut) {
  const made = element(name, className + ' untrusted');
  made.dir = 'ltr';
  let from = 0;
  for (const match of text.matchAll(hidden)) {
    made.append(text.slice(from, match.index), element('span', 'control', numbered(match[0])));
    from = match.index + match[0].length;
  }
  made.append(text.slice(from));
  if (cut) made.append(element('span', 'control', '… cut'));
  return made;
}

export const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

export const percent = (share) => (isNumber(share) ? (100 * share).toFixed(1) + ' %' : '–');

export function count(value) {
  if (!isNumber(value)) return '–';
  if (Math.abs(value) >= 1e9) return (value / 1e9).toFixed(1) + ' G';
  if (Math.abs(value) >= 1e6) return (value / 1e6).toFixed(1) + ' M';
  if (Math.abs(value) >= 1e4) return (value / 1e3).toFixed(1) + ' k';
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

export function bytes(value) {
  if (!isNumber(value)) return '–';
  const units = ['MiB', 'GiB', 'TiB'];
  let amount = value / 1048576, unit = 0;
  for (; amount >= 1024 && unit + 1 < units.length; ++unit) amount /= 1024;
  return amount.toFixed(amount < 10 ? 1 : 0) + ' ' + units[unit];
}

export function duration(ms) {
  if (!isNumber(ms)) return '';
  const s = ms / 1000;
  if (s < 1) return '< 1 s';
  if (s < 120) return Math.round(s) + ' s';
  if (s < 7200) return Math.round(s / 60) + ' min';
  if (s < 172800) return (s / 3600).toFixed(1) + ' h';
  return (s / 86400).toFixed(1) + ' days';
}
