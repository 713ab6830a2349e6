// The address after '#': a path, and a query of its own. What a view shows is in it, so that a reload, the Back button
// and a link sent to somebody show the same.
import { useEffect, useState } from './vendor/preact.js';

// What was cut off or mistyped is no address, and no error either.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function readRoute() {
  const [path, query] = (location.hash.slice(1) || '/jobs').split('?');
  return { parts: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query || '') };
}

// As it is now, for who acts later than the view was drawn.
export const currentQuery = () => readRoute().query;

// An address comes from anywhere, and goes into paths of the API: `..%2Fworkers%2FNAME` must not become one of those.
export const isJobId = (text) => /^[0-9A-Z]{26}$/.test(text || '');
export const isWorkerName = (text) => /^[A-Za-z0-9_-]{1,64}$/.test(text || '');

export function address(path, query = {}) {
  const text = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== '' && value !== undefined),
  ).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

// A view that holds something unsaved is asked before another address is shown.
let leaveGuard = null;
export const guardLeaving = (guard) => {
  leaveGuard = guard;
};

export const isGuarded = () => leaveGuard !== null;

// May the view be left? Asked for once; then it is free to go.
export async function leave() {
  if (leaveGuard && !(await leaveGuard())) return false;
  leaveGuard = null;
  return true;
}

let refresh = () => {};
// Changes the address without a new step for the Back button: for what changes with each key.
export function replaceAddress(hash) {
  history.replaceState(null, '', hash);
  refresh();
}

export function useRoute() {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    let shown = location.hash;
    refresh = () => {
      shown = location.hash;
      setRoute(readRoute());
    };
    const changed = async () => {
      const wanted = location.hash;
      if (wanted === shown) return;
      if (leaveGuard) {
        history.replaceState(null, '', shown || '#/jobs');
        if (!(await leave())) return;
        history.pushState(null, '', wanted);
      }
      refresh();
    };
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return route;
}
