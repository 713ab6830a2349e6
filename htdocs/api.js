// The API, one folder up from the page: nothing here knows where the site lives.
const base = new URL('../', import.meta.url);

export class ApiError extends Error {
  constructor(status, body) {
    super(body.message || `The server answered ${status}.`);
    Object.assign(this, { status, code: body.code || '', data: body.data || [] });
  }
}

// What a view need not show: it was left meanwhile.
export const isQuiet = (error) => error.name === 'AbortError';

// Who wants to know: (event) with 'signed-out', 'offline' or 'online'.
const listeners = new Set();
export const onApiEvent = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const tell = (event) => listeners.forEach((listener) => listener(event));

export const urlOf = (path) => new URL(path, base).href;

// The server's clock as we know it, so that "2 s ago" is right on a machine whose own clock is not. The Date header
// has whole seconds: a smaller difference is none.
let clockLead = 0;
export const serverNow = () => Date.now() + clockLead;

function noteClock(answer) {
  const lead = Date.parse(answer.headers.get('Date')) - Date.now();
  if (!Number.isNaN(lead)) clockLead = Math.abs(lead) < 2000 ? 0 : lead;
}

async function send(path, { method = 'GET', headers = {}, body, signal } = {}) {
  let answer;
  try {
    answer = await fetch(urlOf(path), { method, headers, body, signal, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    tell('offline');
    throw new ApiError(0, { message: 'The server cannot be reached.', code: 'offline' });
  }
  tell('online');
  noteClock(answer);
  return answer;
}

// Requests that were refused since a session had ended wait until somebody is there again.
const waiting = new Set();
let arrivals = 0;

const arrival = (signal) =>
  new Promise((resolve, reject) => {
    waiting.add(resolve);
    const leave = () => {
      waiting.delete(resolve);
      reject(signal.reason);
    };
    if (signal) signal.addEventListener('abort', leave, { once: true });
  });

// Somebody is there (again): what was refused meanwhile goes on.
export function goOn() {
  arrivals++;
  for (const resolve of waiting) resolve();
  waiting.clear();
}

// waits: whether a request that is refused for want of a session waits for one, and is then sent again.
async function ask(path, options = {}) {
  for (;;) {
    const before = arrivals;
    const answer = await send(path, options);
    if (answer.status !== 401 || options.waits === false) return answer;
    if (before !== arrivals) continue; // somebody arrived while it was on its way
    tell('signed-out');
    await arrival(options.signal);
  }
}

async function check(answer) {
  if (!answer.ok) throw new ApiError(answer.status, await answer.json().catch(() => ({})));
}

// JSON in, the whole envelope out. A text is sent as it is.
export async function call(method, path, value, { signal, waits } = {}) {
  const options = { method, signal, waits, headers: { Accept: 'application/json' } };
  if (value !== undefined) {
    options.headers['Content-Type'] = typeof value === 'string' ? 'text/plain' : 'application/json';
    options.body = typeof value === 'string' ? value : JSON.stringify(value);
  }
  const answer = await ask(path, options);
  await check(answer);
  return answer.json();
}

export const get = (path, options) => call('GET', path, undefined, options);

// A poller that asks whether anything has changed: null when nothing has.
export function poller() {
  let last = { path: null, tag: null };
  return async (path, signal) => {
    const headers = { Accept: 'application/json' };
    if (last.path === path && last.tag) headers['If-None-Match'] = last.tag;
    const answer = await ask(path, { headers, signal });
    if (answer.status === 304) return null;
    await check(answer);
    const envelope = await answer.json();
    last = { path, tag: answer.headers.get('ETag') };
    return envelope;
  };
}

// exact: whether the text is all of its bytes, as UTF-8 is. What is not must not be saved again: it would be damaged.
export async function getCode(name) {
  const path = `workers/${name}/code`;
  const answer = await ask(path, { headers: { Accept: 'text/plain' } });
  await check(answer);
  const bytes = await answer.arrayBuffer();
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(text);
  const exact = again.length === bytes.byteLength && new Uint8Array(bytes).every((byte, i) => byte === again[i]);
  return { text, tag: answer.headers.get('ETag'), exact };
}

// tag: what it was when it was read; null: it must be new; undefined: whatever it is.
export async function putCode(name, text, tag) {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', Accept: 'application/json' };
  if (tag) headers['If-Match'] = tag;
  if (tag === null) headers['If-None-Match'] = '*';
  const path = `workers/${name}`;
  const answer = await ask(path, { method: 'PUT', headers, body: text });
  await check(answer);
  return { tag: answer.headers.get('ETag'), worker: (await answer.json()).data[0] };
}
