// Small pieces that every view uses.
import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/preact.js';

const paths = {
  idle: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Z',
  active: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  done: 'M3.5 8.5l3 3 6-7',
  error: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  stop: 'M4.75 4.75h6.5v6.5h-6.5z',
  play: 'M5 3.5l7 4.5-7 4.5z',
  kill: 'M9 1.5L3.5 9H8l-1 5.5L12.5 7H8z',
  trash: 'M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4',
  reload: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3',
  log: 'M3 4h10M3 8h10M3 12h6',
  reply: 'M2.5 3.5h11v7h-6l-3 2.8v-2.8h-2z',
  plus: 'M8 3v10M3 8h10',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.5 10.5l3 3',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1v1.8M8 13.2V15M1 8h1.8M13.2 8H15M3 3l1.3 1.3M11.7 11.7L13 13M13 3l-1.3 1.3M4.3 11.7L3 13',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z',
  out: 'M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6',
  down: 'M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10',
  back: 'M9.5 3.5L5 8l4.5 4.5',
  code: 'M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5',
  close: 'M4 4l8 8M12 4l-8 8',
};

export const Icon = ({ name }) => html`
  <svg class=${`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true"><path d=${paths[name]} /></svg>`;

export const Button = ({ icon, children, kind = '', small, iconOnly, ...rest }) => html`
  <button type="button" ...${rest} class=${`button ${kind} ${small ? 'small' : ''} ${iconOnly ? 'icon-only' : ''}`}
    aria-label=${iconOnly ? rest['aria-label'] || iconOnly : rest['aria-label']} title=${rest.title || iconOnly}>
    ${icon && html`<${Icon} name=${icon} />`}${!iconOnly && children && html`<span>${children}</span>`}
  </button>`;

export const statusWords = { idle: 'Idle', active: 'Active', stop: 'Stopped', error: 'Error', done: 'Done' };

export const Status = ({ status }) => html`
  <span class=${`status status-${status}`}><${Icon} name=${status} />${statusWords[status]}</span>`;

export const Progress = ({ progress }) => progress && html`
  <span class="progress" title=${progress.message || undefined}>
    <progress max="100" value=${progress.percent} aria-label="Progress">${progress.percent} %</progress>
    <span class="quiet">${progress.percent} %</span>
  </span>`;

export const Notice = ({ kind = 'error', children }) => html`
  <div class=${`notice ${kind}`} role=${kind === 'error' ? 'alert' : 'status'}>${children}</div>`;

export const Empty = ({ title, children }) => html`
  <div class="empty"><h2>${title}</h2><p>${children}</p></div>`;

// -- time and sizes --

const units = [['year', 31536000], ['month', 2592000], ['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

export function ago(text, now = Date.now()) {
  const seconds = Math.round((Date.parse(text) - now) / 1000);
  if (Math.abs(seconds) < 3) return 'just now';
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size);
  return relative.format(Math.trunc(seconds / length), unit);
}

export const Time = ({ at }) => at
  ? html`<time datetime=${at} title=${`${new Date(at).toLocaleString()} (${at})`}>${ago(at)}</time>`
  : html`<span class="quiet">–</span>`;

export function duration(from, to) {
  if (!from) return '–';
  const ms = Math.max(0, (to ? Date.parse(to) : Date.now()) - Date.parse(from));
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  return s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log(bytes) / Math.log(1024)));
  return `${(bytes / 1024 ** power).toFixed(power > 1 ? 1 : 0)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`;
}

// -- dialogs --

// Uses the browser's own modal dialog: it keeps the focus inside, and Escape closes it.
export function Dialog({ title, children, onClose, kind = '' }) {
  const ref = useRef();
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog.showModal();
    return () => dialog.open && dialog.close();
  }, []);
  return html`
    <dialog ref=${ref} class=${kind} aria-label=${title}
      onCancel=${(event) => { event.preventDefault(); if (onClose) onClose(); }}>
      <h2>${title}</h2>${children}
    </dialog>`;
}

let ask = null;
// Asks before what hurts: `await confirm({ title, text, action, danger })`.
export const confirm = (question) => new Promise((resolve) => ask({ ...question, resolve }));

export function Confirmer() {
  const [question, setQuestion] = useState(null);
  useEffect(() => { ask = setQuestion; }, []);
  if (!question) return null;
  const answer = (value) => { setQuestion(null); question.resolve(value); };
  return html`
    <${Dialog} title=${question.title} onClose=${() => answer(null)}>
      <p>${question.text}</p>
      <div class="row end">
        ${(question.choices || []).map((choice) => html`
          <${Button} onClick=${() => answer(choice.value)} data-testid=${choice.testid}>${choice.label}<//>`)}
        <${Button} onClick=${() => answer(null)} data-testid="confirm-cancel">Cancel<//>
        <${Button} kind=${question.danger ? 'danger' : 'primary'} autofocus data-testid="confirm-ok"
          onClick=${() => answer(true)}>${question.action}<//>
      </div>
    <//>`;
}

let say = null;
// A sentence that goes away by itself.
export const toast = (text, kind = 'info') => say && say({ text, kind });

export function Toaster() {
  const [message, setMessage] = useState(null);
  useEffect(() => { say = setMessage; }, []);
  useEffect(() => {
    if (!message) return undefined;
    const timer = setTimeout(() => setMessage(null), message.kind === 'error' ? 8000 : 4000);
    return () => clearTimeout(timer);
  }, [message]);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${message && html`<div class=${`toast ${message.kind}`}>${message.text}</div>`}</div>`;
}

// Calls work() now and then every `ms`, not while the page is hidden; `again` starts anew when it changes.
export function usePolling(work, ms, again = []) {
  useEffect(() => {
    const control = new AbortController();
    let timer;
    const turn = async () => {
      clearTimeout(timer);
      if (!document.hidden) await work(control.signal).catch((error) => error);
      if (!control.signal.aborted) timer = setTimeout(turn, ms);
    };
    const shown = () => { if (!document.hidden) turn(); };
    document.addEventListener('visibilitychange', shown);
    turn();
    return () => { control.abort(); clearTimeout(timer); document.removeEventListener('visibilitychange', shown); };
  }, again);
}
