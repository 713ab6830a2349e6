// Text with terminal codes as pieces of plain text with classes: colours and weight are shown, everything else that a
// terminal would obey is made visible. Nothing here ever becomes markup.
const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

function applyCodes(codes, style) {
  for (const code of codes.length ? codes : [0]) {
    if (code === 0) style.bold = style.dim = false, style.colour = null;
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code >= 30 && code <= 37) style.colour = colours[code - 30];
    else if (code >= 90 && code <= 97) style.colour = colours[code - 90];
    else if (code === 39) style.colour = null;
  }
}

const visible = (text) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g,
  (c) => (c === '\u007f' ? '\u2421' : String.fromCharCode(0x2400 + c.charCodeAt(0))))
  // What reorders text on the screen (bidirectional controls) would let a line say something else than it does.
  .replace(/[\u202a-\u202e\u2066-\u2069]/g, (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase()}>`);

export function pieces(text) {
  if (!/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/.test(text)) return [{ text, className: '' }];
  const out = [];
  const style = { bold: false, dim: false, colour: null };
  let at = 0;
  const put = (part) => part && out.push({ text: visible(part), className: [style.bold && 'ansi-bold', style.dim && 'ansi-dim', style.colour && `ansi-${style.colour}`].filter(Boolean).join(' ') });
  // Colours (SGR), then other control sequences and titles of windows, which are left out.
  for (const found of text.matchAll(/\u001b\[([\d;]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g)) {
    put(text.slice(at, found.index));
    if (found[1] !== undefined) applyCodes(found[1].split(';').filter(Boolean).map(Number), style);
    at = found.index + found[0].length;
  }
  put(text.slice(at));
  return out;
}
