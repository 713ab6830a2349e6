// Text with terminal codes as pieces of plain text with class names: colours and weight are shown, whatever else a
// terminal would obey is left out or made visible. Nothing here ever becomes markup.

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

// Colours (SGR) in the first group; then other control sequences, and strings such as a window's title, which go.
const codes = /\u001b\[([\d;:]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

// Control characters; what reorders text on the screen (bidirectional controls), which would let a line say something
// else than it does; and line separators.
const odd = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const oddAll = new RegExp(odd, 'g');

function visible(character) {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

// The one of our eight colours that is nearest: ours are readable on both grounds, any colour is not.
function nearest(red, green, blue) {
  const most = Math.max(red, green, blue);
  if (most - Math.min(red, green, blue) < 40) return most > 128 ? 'white' : 'black';
  const bit = (value) => value > most / 2;
  return names[Number(bit(red)) + 2 * Number(bit(green)) + 4 * Number(bit(blue))];
}

function ofPalette(index) {
  if (index < 16) return names[index % 8];
  if (index > 231) return index > 243 ? 'white' : 'black';
  const level = (step) => (step ? 55 + 40 * step : 0);
  const cube = index - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

// 38 and 48 take numbers of their own: `5;INDEX` or `2;RED;GREEN;BLUE`.
function takeColour(numbers) {
  const way = numbers.shift();
  if (way === 5) return ofPalette(numbers.shift() || 0);
  if (way === 2) return nearest(...numbers.splice(0, 3).map((value) => value || 0));
  return null;
}

const plain = {};
const switches = {
  1: ['bold', true],
  2: ['dim', true],
  3: ['italic', true],
  4: ['underline', true],
  7: ['inverse', true],
  9: ['strike', true],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  29: ['strike'],
  39: ['colour'],
  49: ['ground'],
};

function applyCodes(text, before) {
  const numbers = text === '' ? [0] : text.split(/[;:]/).map(Number);
  let style = before;
  while (numbers.length) {
    const code = numbers.shift();
    if (code === 0) style = plain;
    else if (code === 22) style = { ...style, bold: undefined, dim: undefined };
    else if (code === 38) style = { ...style, colour: takeColour(numbers) };
    else if (code === 48) style = { ...style, ground: takeColour(numbers) };
    else if (switches[code]) style = { ...style, [switches[code][0]]: switches[code][1] };
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) style = { ...style, colour: names[code % 10] };
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) style = { ...style, ground: names[code % 10] };
  }
  return style;
}

function classOf(style) {
  const words = ['bold', 'dim', 'italic', 'underline', 'inverse', 'strike']
    .filter((word) => style[word])
    .map((word) => `ansi-${word}`);
  if (style.colour) words.push(`ansi-${style.colour}`);
  if (style.ground) words.push(`ansi-on-${style.ground}`);
  return words.join(' ');
}

export const isPlain = (text) => !odd.test(text);

// What the text ends in, given what it begins in: colours go on in the next line.
export function styleAfter(text, style) {
  let now = style;
  for (const [, sgr] of text.matchAll(codes)) if (sgr !== undefined) now = applyCodes(sgr, now);
  return now;
}

// [{ text, className }]; `style` is what the lines before left.
export function pieces(text, style = plain) {
  const out = [];
  const put = (part, className) => {
    if (part) out.push({ text: part, className });
  };
  const show = (part, className) => {
    let at = 0;
    for (const { 0: character, index } of part.matchAll(oddAll)) {
      put(part.slice(at, index), className);
      put(visible(character), 'control');
      at = index + 1;
    }
    put(part.slice(at), className);
  };
  let now = style;
  let at = 0;
  for (const found of text.matchAll(codes)) {
    show(text.slice(at, found.index), classOf(now));
    if (found[1] !== undefined) now = applyCodes(found[1], now);
    at = found.index + found[0].length;
  }
  show(text.slice(at), classOf(now));
  return out;
}
