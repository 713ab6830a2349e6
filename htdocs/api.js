// The API, one folder up from the page: nothing here knows where the site lives.
const base = new URL('../', import.meta.url);

export class ApiError extends Error {
  constructor(status, body) {
    super(body.message || `The server answered ${status}.`);
    Object.assign(this, { status, code: body.code || '', data: body.data || [] });
  }
}

// Who wants to know: (event) with 'signed-out', 'offline' or 'online'.
const listeners = new Set();
export const onApiEvent = (listener) => { listeners.add(listener); return () => listeners.delete(listener); };
const tell = (event) => listeners.forEach((listener) => listener(event));

export const urlOf = (path) => new URL(path, base).href;

async function send(path, { method = 'GET', headers = {}, body, signal } = {}) {
  let answer;
  try {
    answer = await fetch(urlOf(path), { method, headers, body, signal, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (error.name !== 'AbortError') tell('offline');
    throw error.name === 'AbortError' ? error : new ApiError(0, { message: 'The server cannot be reached.', code: 'offline' });
  }
  tell('online');
  return answer;
}

async function check(answer, path) {
  if (answer.ok) return;
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401 && path !== 'session') tell('signed-out');
  throw new ApiError(answer.status, body);
}

// JSON in, the whole envelope out.
export async function call(method, path, value, { signal } = {}) {
  const options = { method, signal, headers: { Accept: 'application/json' } };
  if (value !== undefined) {
    options.headers['Content-Type'] = typeof value === 'string' ? 'text/plain' : 'application/json';
    options.body = typeof value === 'string' ? value : JSON.stringify(value);
  }
  const answer = await send(path, options);
  await check(answer, path);
  return answer.json();
}

export const get = (path, options) => call('GET', path, undefined, options);

// A poller that asks whether anything has changed: null when nothing has.
export function poller() {
  const tags = new Map();
  return async (path, signal) => {
    const headers = { Accept: 'application/json' };
    if (tags.has(path)) headers['If-None-Match'] = tags.get(path);
    const answer = await send(path, { headers, signal });
    if (answer.status === 304) return null;
    await check(answer, path);
    tags.clear();
    if (answer.headers.get('ETag')) tags.set(path, answer.headers.get('ETag'));
    return answer.json();
  };
}

export async function getCode(name) {
  const path = `workers/${name}/code`;
  const answer = await send(path, { headers: { Accept: 'text/plain' } });
  await check(answer, path);
  return { text: await answer.text(), tag: answer.headers.get('ETag') };
}

// tag: what it was when it was read; null: it must be new; undefined: whatever it is.
export async function putCode(name, text, tag) {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', Accept: 'application/json' };
  if (tag) headers['If-Match'] = tag;
  if (tag === null) headers['If-None-Match'] = '*';
  const path = `workers/${name}`;
  const answer = await send(path, { method: 'PUT', headers, body: text });
  await check(answer, path);
  return { tag: answer.headers.get('ETag'), worker: (await answer.json()).data[0] };
}
