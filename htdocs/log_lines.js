// The lines of a log: entries split where they have newlines, with the groups that they belong to. Pure.
import { isPlain, pieces, styleAfter } from './ansi.js';

const TEXT_MAX = 20000; // characters of one line that are shown; the download has all

const none = {};

// A line: { entry, first (of its entry), text, style, kind: 'line' | 'head' | 'end', group (its head), open }.
function split(entry) {
  return entry.message.split('\n').map((part, i) => {
    const text = part.endsWith('\r') ? part.slice(0, -1) : part; // as DOS ends its lines
    const line = { entry, first: i === 0, text, style: none, kind: 'line', group: null, open: true };
    if (entry.stream === 'stdout' && text.startsWith('::group::'))
      Object.assign(line, { kind: 'head', text: text.slice(9), count: 0 });
    if (entry.stream === 'stdout' && text === '::endgroup::') line.kind = 'end';
    return line;
  });
}

// What is seen of a line, for who searches it.
export function plainText(line) {
  if (line.plain === undefined)
    line.plain = isPlain(line.text)
      ? line.text
      : pieces(line.text)
          .map((piece) => piece.text)
          .join('');
  return line.plain;
}

export function shownPieces(line) {
  const more = line.text.length - TEXT_MAX;
  const text = more > 0 ? line.text.slice(0, TEXT_MAX) : line.text;
  const out = isPlain(text) && line.style === none ? [{ text, className: '' }] : pieces(text, line.style);
  if (more > 0) out.push({ text: ` … and ${more} more characters: see the download`, className: 'control' });
  return out;
}

export class LogLines {
  constructor() {
    this.all = [];
    this.only = ''; // the stream that is shown; '': all
    this.group = null; // that is open at the end
    this.styles = new Map(); // what each stream's last line left, for colours over more than one line
  }

  // Both return the lines that were added.
  append(entries) {
    const added = entries.flatMap(split);
    for (const line of added) this.#place(line);
    for (const line of added) this.all.push(line);
    return added;
  }

  prepend(entries) {
    const added = entries.flatMap(split);
    this.all = [...added, ...this.all];
    this.group = null;
    this.styles.clear();
    for (const line of this.all) if (line.kind === 'head') line.count = 0;
    for (const line of this.all) this.#place(line);
    return added;
  }

  // Groups do not nest: another one ends the one before, as where this notation comes from.
  #place(line) {
    const { stream } = line.entry;
    if (line.kind !== 'line') this.group = line.kind === 'head' ? line : null;
    line.group = line.kind === 'line' ? this.group : null;
    if (line.group) line.group.count++;
    line.style = this.styles.get(stream) || none;
    if (line.text.includes('\u001b')) this.styles.set(stream, styleAfter(line.text, line.style));
  }

  isShown(line) {
    return line.kind !== 'end' && (!line.group || line.group.open) && (!this.only || line.entry.stream === this.only);
  }

  shown() {
    return this.all.filter((line) => this.isShown(line));
  }

  heads() {
    return this.all.filter((line) => line.kind === 'head');
  }

  // Also in what is folded, but not in what the choice of a stream hides.
  find(needle, lines = this.all) {
    const small = needle.toLowerCase();
    return lines.filter(
      (line) =>
        line.kind !== 'end' &&
        (!this.only || line.entry.stream === this.only) &&
        plainText(line).toLowerCase().includes(small),
    );
  }
}
