// Shows lines, however many: only those in sight are in the document. Rows may have any height (lines may be wrapped):
// a height is estimated from the text, which is exact for a fixed-width font, and corrected once the row was drawn.
// Plain DOM, since a list of a hundred thousand has no use for a virtual one.
import { clock } from './time.js';
import { shownPieces } from './log_lines.js';

const OVERSCAN_PX = 400;
const streamMarks = { stderr: 'err', system: 'sys', api: 'api' };

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Puts the pieces into `target`, with <mark> around each place where the needle stands.
function fill(target, parts, needle) {
  const text = parts.map((part) => part.text).join('');
  const small = needle ? text.toLowerCase() : '';
  const marks = [];
  // Where lower case has another length (a few Turkish letters), the places would be wrong: nothing is marked then.
  if (needle && small.length === text.length)
    for (let at = small.indexOf(needle); at >= 0; at = small.indexOf(needle, at + needle.length))
      marks.push([at, at + needle.length]);
  let begin = 0;
  for (const part of parts) {
    const end = begin + part.text.length;
    const host = part.className ? target.appendChild(element('span', part.className)) : target;
    let at = begin;
    for (const [from, to] of marks) {
      if (to <= at || from >= end) continue;
      if (from > at) host.append(text.slice(at, from));
      host.append(element('mark', '', text.slice(Math.max(at, from), Math.min(to, end))));
      at = Math.min(to, end);
    }
    if (at < end) host.append(text.slice(at, end));
    begin = end;
  }
}

export class LogView {
  // box: the element that scrolls. toggle(head) folds a group or unfolds it; changed(following): whether the end is
  // followed.
  constructor(box, { toggle, changed }) {
    Object.assign(this, { box, toggle, changed });
    this.rows = [];
    this.from = 0; // rows [from, to) are in the document
    this.to = 0;
    this.tops = [0]; // tops[i]: where row i begins; the last one is the height of all
    this.elements = new Map(); // line -> its row, of those in the document
    this.needle = '';
    this.current = null;
    this.wrap = false;
    this.following = true;
    this.lastTop = 0;
    this.space = box.appendChild(element('div', 'log-space'));
    this.sheet = this.space.appendChild(element('div', 'log-sheet'));
    this.#measureFont();
    this.onScroll = () => this.#scrolled();
    box.addEventListener('scroll', this.onScroll, { passive: true });
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(box);
  }

  destroy() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.box.removeEventListener('scroll', this.onScroll);
    this.space.remove();
  }

  // -- what is shown --

  append(lines) {
    for (const line of lines) this.#push(line);
    this.#draw();
  }

  // All rows anew; what stood at the top of the sight stays there, also when rows were added before it. Rows that are
  // drawn are kept, with their focus, unless they would look otherwise now.
  replace(lines, { redraw = false } = {}) {
    if (redraw) this.#forgetElements();
    const first = this.#rowAt(this.box.scrollTop);
    const anchor = this.rows[first];
    const offset = this.box.scrollTop - this.tops[first];
    this.rows = [];
    this.tops = [0];
    for (const line of lines) this.#push(line);
    this.#draw();
    const index = anchor && !this.following ? lines.indexOf(anchor) : -1;
    if (index < 0) return;
    this.#scrollTo(this.tops[index] + offset);
    this.#drawRows();
  }

  setWrap(wrap) {
    this.wrap = wrap;
    this.box.classList.toggle('wrap', wrap);
    this.#forget();
  }

  mark(needle, current) {
    const fresh = needle !== this.needle;
    this.needle = needle;
    this.current = current;
    if (fresh) {
      this.#forgetElements();
      this.#drawRows();
    }
    for (const [line, row] of this.elements) row.classList.toggle('current', line === current);
  }

  show(line) {
    const index = this.rows.indexOf(line);
    if (index < 0) return;
    this.following = false;
    this.#scrollTo(this.tops[index] - this.box.clientHeight / 2);
    this.#draw();
    // The rows around it have their true heights now.
    this.#scrollTo(this.tops[index] - this.box.clientHeight / 2);
    this.#tell();
  }

  follow(on) {
    this.following = on;
    this.#draw();
    this.#tell();
  }

  drawFold(head) {
    const row = this.elements.get(head);
    if (row) row.querySelector('button').setAttribute('aria-expanded', String(head.open));
  }

  redrawCounts() {
    for (const [line, row] of this.elements)
      if (line.kind === 'head') row.querySelector('.count').textContent = line.count;
  }

  // -- heights --

  #measureFont() {
    const probe = this.sheet.appendChild(element('div', 'line'));
    const text = probe.appendChild(element('span', 'text', 'x'.repeat(100)));
    this.rowHeight = probe.getBoundingClientRect().height || 20;
    this.charWidth = text.getBoundingClientRect().width / 100 || 7.5;
    probe.remove();
  }

  #estimate(line) {
    if (!this.wrap) return this.rowHeight;
    const room = Math.max(10, Math.floor((this.textWidth || this.box.clientWidth - 120) / this.charWidth));
    return this.rowHeight * Math.max(1, Math.ceil(Math.min(line.text.length, 20000) / room));
  }

  #push(line) {
    this.tops.push(this.tops[this.rows.length] + this.#estimate(line));
    this.rows.push(line);
  }

  // The heights are others now.
  #forget() {
    this.replace(this.rows);
  }

  // Takes the true heights of the rows in the document. What is above the sight must not move it.
  #correct() {
    if (!this.wrap || this.elements.size === 0) return;
    const text = this.sheet.querySelector('.text');
    if (text) this.textWidth = text.getBoundingClientRect().width;
    const top = this.box.scrollTop;
    const differences = new Map(); // row -> true height less known height
    let moved = 0;
    for (let i = this.from; i < this.to; i++) {
      const row = this.elements.get(this.rows[i]);
      const difference = row.getBoundingClientRect().height - (this.tops[i + 1] - this.tops[i]);
      if (Math.abs(difference) < 0.5) continue;
      differences.set(i, difference);
      if (this.tops[i] < top) moved += difference;
    }
    if (differences.size === 0) return;
    let sum = 0;
    for (let i = this.from; i < this.rows.length; i++) {
      sum += differences.get(i) || 0;
      this.tops[i + 1] += sum;
    }
    this.#stretch();
    if (moved && !this.following) this.#scrollTo(top + moved);
  }

  #rowAt(y) {
    let low = 0;
    let high = this.rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  // -- drawing --

  // Heights are set from here, which the content policy allows; it forbids style attributes in HTML.
  #stretch() {
    this.space.style.height = `${this.tops[this.rows.length]}px`;
    this.sheet.style.transform = `translateY(${this.tops[this.from] || 0}px)`;
  }

  #scrollTo(top) {
    this.box.scrollTop = top;
    this.lastTop = this.box.scrollTop;
  }

  #draw() {
    this.#stretch();
    if (this.following) this.#scrollTo(this.box.scrollHeight);
    this.#drawRows();
    this.#correct();
    if (this.following) {
      this.#scrollTo(this.box.scrollHeight);
      this.#drawRows();
    }
  }

  #drawRows() {
    const top = this.box.scrollTop;
    this.from = this.#rowAt(top - OVERSCAN_PX);
    this.to = this.rows.length ? this.#rowAt(top + this.box.clientHeight + OVERSCAN_PX) + 1 : 0;
    const wanted = new Set(this.rows.slice(this.from, this.to));
    for (const [line, row] of this.elements) {
      if (wanted.has(line)) continue;
      row.remove();
      this.elements.delete(line);
    }
    // Rows that are there already stay where they are: moving them would lose the selection and the focus.
    let next = this.sheet.firstChild;
    for (const line of wanted) {
      const row = this.elements.get(line);
      if (row && row === next) {
        next = next.nextSibling;
        continue;
      }
      const made = row || this.#make(line);
      this.elements.set(line, made);
      this.sheet.insertBefore(made, next);
    }
    this.#stretch();
  }

  #forgetElements() {
    for (const row of this.elements.values()) row.remove();
    this.elements.clear();
  }

  #make(line) {
    const { entry } = line;
    const row = element(
      'div',
      `line from-${entry.stream || 'api'} ${line.group ? 'inside' : ''} ${line === this.current ? 'current' : ''}`,
    );
    row.append(element('span', 'seq', line.first ? entry.seq : ''));
    const time = element('span', 'at', line.first ? clock(entry.time) : '');
    time.title = entry.time;
    row.append(time, element('span', 'mark-of', line.first ? streamMarks[entry.stream] || '' : ''));
    const text = element('span', 'text');
    if (line.kind === 'head') {
      const button = element('button', 'fold');
      button.type = 'button';
      button.dataset.testid = 'fold';
      button.setAttribute('aria-expanded', String(line.open));
      button.addEventListener('click', () => this.toggle(line));
      fill(button.appendChild(element('span')), shownPieces(line), this.needle);
      button.append(element('span', 'count', line.count));
      text.append(button);
    } else {
      fill(text, shownPieces(line), this.needle);
    }
    row.append(text);
    return row;
  }

  // -- the reader --

  #atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < this.rowHeight * 1.5;
  }

  // The end is followed until somebody scrolls up, and again when they come back down.
  #scrolled() {
    const up = this.box.scrollTop < this.lastTop - 1;
    this.lastTop = this.box.scrollTop;
    if (this.#atEnd()) this.following = true;
    else if (up) this.following = false;
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = null;
        this.#drawRows();
        this.#correct();
        this.#tell();
      });
    }
  }

  #resized() {
    if (this.wrap) this.#forget();
    else this.#draw();
  }

  #tell() {
    this.changed(this.following);
  }
}
