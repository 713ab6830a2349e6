// Small pieces that every view uses.
import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/preact.js';

// Drawn in a square of 16, in lines.
const paths = {
  idle: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Z',
  queue: 'M2.5 4.5h7v7h-7ZM12 4.5v7M14.2 4.5v7',
  calendar: 'M2.5 4h11v9.5h-11ZM2.5 7h11M5.5 2.2v3M10.5 2.2v3',

  active: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  done: 'M3.5 8.5l3 3 6-7',
  error: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  stop: 'M4.75 4.75h6.5v6.5h-6.5z',
  play: 'M5 3.5l7 4.5-7 4.5z',
  pause: 'M5.5 4v8M10.5 4v8',
  kill: 'M9 1.5L3.5 9H8l-1 5.5L12.5 7H8z',
  trash: 'M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4',
  reload: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3',
  retry: 'M3 8a5 5 0 1 0 1.5-3.6M3 2.5v3h3',
  again: 'M2.5 6.5h8a3 3 0 0 1 0 6H8M5.5 3.5l-3 3 3 3',
  jobs: 'M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01',
  workers: 'M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8ZM2.5 4.8L8 7.9l5.5-3.1M8 7.9v6.3',
  log: 'M3 4h10M3 8h10M3 12h6',
  reply: 'M2.5 3.5h11v7h-6l-3 2.8v-2.8h-2z',
  plus: 'M8 3v10M3 8h10',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.5 10.5l3 3',
  sun:
    'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1v1.8M8 13.2V15M1 8h1.8M13.2 8H15' +
    'M3 3l1.3 1.3M11.7 11.7L13 13M13 3l-1.3 1.3M4.3 11.7L3 13',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z',
  keys: 'M1.8 4h12.4v8H1.8ZM4.5 6.7h.01M7 6.7h.01M9.5 6.7h.01M11.7 6.7h.01M5 9.4h6',
  out: 'M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6',
  down: 'M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10',
  end: 'M8 2.5v9M4 8l4 4 4-4',
  back: 'M9.5 3.5L5 8l4.5 4.5',
  chevron: 'M6 3.5L10.5 8 6 12.5',
  upward: 'M3.5 10L8 5.5l4.5 4.5',
  downward: 'M3.5 6L8 10.5 12.5 6',
  clock: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM8 5v3.2l2.2 1.5',
  wrap: 'M2.5 4h11M2.5 8h8.8a2.2 2.2 0 0 1 0 4.4H8.5M10 10.6l-1.8 1.8L10 14.2M2.5 12h3',
  fold: 'M4.5 2.5L8 5.8l3.5-3.3M4.5 13.5L8 10.2l3.5 3.3M2.5 8h11',
  code: 'M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5',
  copy: 'M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3',
  close: 'M4 4l8 8M12 4l-8 8',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  user: 'M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4ZM2.8 14c.3-2.7 2.4-4 5.2-4s4.9 1.3 5.2 4',
  lock: 'M3.5 7h9v6.5h-9ZM5.5 7V5a2.5 2.5 0 0 1 5 0v2M8 9.5v1.5',
  key: 'M5 7.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM7.2 8.3L13 2.5M10.5 5l2 2M12.2 3.3l1.5 1.5',
  edit: 'M3 13l.6-3L10.8 2.8l2.4 2.4L6 12.4ZM9.4 4.2l2.4 2.4',
  alert: 'M8 2.2l6.3 11.3H1.7ZM8 6.4v3.4M8 11.7h.01',
};

export const iconPath = (name) => paths[name];

export const Icon = ({ name }) => html`
  <svg class=${`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true"><path d=${paths[name]} /></svg>`;

// iconOnly: the words that the icon stands for. pressed: a switch that is on or off.
export function Button({ icon, children, kind = '', small, iconOnly, pressed, type = 'button', ...rest }) {
  const name = ['button', kind, small && 'small', iconOnly && 'icon-only'].filter(Boolean).join(' ');
  return html`
    <button ...${rest} type=${type} class=${name} aria-pressed=${pressed}
      aria-label=${iconOnly || rest['aria-label']} title=${rest.title || iconOnly}>
      ${icon && html`<${Icon} name=${icon} />`}${!iconOnly && children && html`<span>${children}</span>`}
    </button>`;
}

export const LinkButton = ({ icon, children, kind = '', small, iconOnly, ...rest }) => html`
  <a ...${rest} class=${`button ${kind} ${small ? 'small' : ''} ${iconOnly ? 'icon-only' : ''}`}
    aria-label=${iconOnly || rest['aria-label']} title=${iconOnly}>
    <${Icon} name=${icon} />${!iconOnly && html`<span>${children}</span>`}</a>`;

export const Search = ({ label, placeholder, value, onText, ...rest }) => html`
  <label class="search"><span class="hidden">${label}</span><${Icon} name="search" />
    <input type="search" placeholder=${placeholder} value=${value} onInput=${(event) => onText(event.target.value)}
      ...${rest} /></label>`;

export const statusWords = { idle: 'Idle', active: 'Active', stop: 'Stopped', error: 'Error', done: 'Done' };

// A job that is paused is active all the same: it says both. One that waits is idle, and was started.
export function Status({ job }) {
  const stops = job.status === 'active' && job.stop_requested;
  const waits = job.status === 'idle' && Boolean(job.waiting);
  return html`<span class=${`states ${job.paused ? 'is-paused' : ''}`}>
    <span class=${`status status-${job.status}`}><${Icon}
      name=${waits ? 'clock' : job.status} />${
        stops ? 'Stopping' : waits ? 'Waiting' : statusWords[job.status]
      }</span>${' '}
    ${job.paused && html`<span class="status status-paused"><${Icon} name="pause" />Paused</span>`}</span>`;
}

// While it says something; `wide` also says how far a job came that did not come to its end.
export function Progress({ job, wide }) {
  const { progress, status } = job;
  const says = progress && (status === 'active' || (wide && (status === 'error' || status === 'stop')));
  if (!says) return null;
  const percent = Math.floor(progress.percent);
  return html`
    <span class=${`progress progress-${status} ${wide ? 'wide' : ''}`} title=${progress.message || undefined}>
      <progress max="100" value=${percent} aria-label="Progress"></progress>
      <span class="number">${percent} %</span>
    </span>`;
}

export const Notice = ({ kind = 'error', children }) => html`
  <div class=${`notice ${kind}`} role=${kind === 'error' ? 'alert' : 'status'}>
    ${kind === 'error' && html`<${Icon} name="alert" />`}<div>${children}</div></div>`;

export const Empty = ({ title, icon = 'jobs', children }) => html`
  <div class="empty"><${Icon} name=${icon} /><h2>${title}</h2><p>${children}</p></div>`;

export function useTitle(title) {
  useEffect(() => {
    document.title = title ? `${title} · JobJoker` : 'JobJoker';
  }, [title]);
}

// -- dialogs --

// The browser's own modal dialog: it keeps the focus inside and gives it back, and Escape closes it. Without onClose
// it stays until it is taken away.
export function Dialog({ title, picture, children, onClose, kind = '' }) {
  const ref = useRef();
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog.showModal();
    return () => dialog.open && dialog.close();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    if (onClose) onClose();
  };
  // Browsers close it at the second Escape whatever the first one was answered.
  const closed = () => {
    if (onClose) onClose();
    else if (ref.current) ref.current.showModal();
  };
  return html`
    <dialog ref=${ref} class=${kind} aria-label=${title} onCancel=${cancel} onClose=${closed}>
      ${picture && html`<img src=${picture} alt="" width="40" height="40" />`}<h2>${title}</h2>${children}
    </dialog>`;
}

let ask = null;
// Asks before what hurts: `await confirm({ title, text, action, danger })`: true, null, or the value of a choice. With
// `run` it is done before the dialog closes, which shows why it was refused; `said`: the message when it is done.
export const confirm = (question) => new Promise((resolve) => ask({ ...question, resolve }));

export function Confirmer() {
  const [question, setQuestion] = useState(null);
  const [refusal, setRefusal] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    ask = setQuestion;
  }, []);
  if (!question) return null;
  const answer = (value) => {
    setQuestion(null);
    setRefusal('');
    question.resolve(value);
  };
  const agree = async () => {
    if (busy) return;
    setBusy(true);
    try {
      if (question.run) await question.run();
      if (question.said) toast(question.said);
      answer(true);
    } catch (problem) {
      setRefusal(problem.message);
    }
    setBusy(false);
  };
  return html`
    <${Dialog} title=${question.title} onClose=${() => answer(null)}>
      <p>${question.text}</p>
      ${refusal && html`<${Notice}>${refusal}<//>`}
      <div class="row end">
        ${(question.choices || []).map(
          (choice) => html`
          <${Button} onClick=${() => answer(choice.value)} data-testid=${choice.testid}>${choice.label}<//>`,
        )}
        <${Button} onClick=${() => answer(null)} autofocus=${question.danger} data-testid="confirm-cancel">Cancel<//>
        <${Button} kind=${question.danger ? 'danger' : 'primary'} autofocus=${!question.danger} data-testid="confirm-ok"
          disabled=${busy} onClick=${agree}>${question.action}<//>
      </div>
    <//>`;
}

// -- messages --

const SHOWN_MS = { info: 4000, error: 12000 };
let say = null;
let lastToast = 0;
// A sentence that goes away by itself.
export const toast = (text, kind = 'info') => say && say({ text, kind, id: ++lastToast });

function Toast({ message, remove }) {
  useEffect(() => {
    const timer = setTimeout(remove, SHOWN_MS[message.kind]);
    return () => clearTimeout(timer);
  }, []);
  return html`
    <div class=${`toast ${message.kind}`}><${Icon}
      name=${message.kind === 'error' ? 'alert' : 'done'} /><span>${message.text}</span>
      <${Button} small icon="close" kind="plain" iconOnly="Close this message" onClick=${remove}
        data-testid="toast-close" /></div>`;
}

export function Toaster() {
  const [messages, setMessages] = useState([]);
  const ref = useRef();
  useEffect(() => {
    say = (message) => setMessages((old) => [...old.slice(-3), message]);
  }, []);
  // Shown anew, it is above a dialog that was opened meanwhile.
  useLayoutEffect(() => {
    const shown = ref.current.matches(':popover-open');
    if (shown) ref.current.hidePopover();
    if (messages.length) ref.current.showPopover();
  }, [messages]);
  const remove = (id) => () => setMessages((old) => old.filter((message) => message.id !== id));
  return html`
    <div ref=${ref} class="toasts" popover="manual" role="status" aria-live="polite">
      ${messages.map((message) => html`<${Toast} key=${message.id} message=${message} remove=${remove(message.id)} />`)}
    </div>`;
}

// -- the clipboard, also where the page has no TLS and so no navigator.clipboard --

// What a text is selected in must not lie below a dialog: there nothing can be.
function copySelected(text) {
  const had = document.activeElement;
  const area = Object.assign(document.createElement('textarea'), { value: text, className: 'hidden' });
  (had.closest('dialog') || document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  had.focus();
  return done;
}

export const copyText = (text) =>
  Promise.resolve()
    .then(() => navigator.clipboard.writeText(text))
    .then(() => true)
    .catch(() => copySelected(text));

// what: "the id".
export function CopyButton({ text, what, iconOnly, onCopy, ...rest }) {
  const copy = async () => {
    const done = await copyText(text);
    if (done && onCopy) onCopy();
    toast(done ? `Copied ${what}` : 'The browser does not let this page copy.', done ? 'info' : 'error');
  };
  return html`<${Button} ...${rest} icon="copy" iconOnly=${iconOnly && `Copy ${what}`} onClick=${copy}
    aria-label=${`Copy ${what}`}>Copy<//>`;
}
