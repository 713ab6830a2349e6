// The address after '#': a path, and a query of its own.
import { useEffect, useState } from './vendor/preact.js';

function readRoute() {
  const [path, query] = (location.hash.slice(1) || '/jobs').split('?');
  return { parts: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query || '') };
}

// A view that holds something unsaved is asked before another address is shown.
let leaveGuard = null;
export const guardLeaving = (guard) => { leaveGuard = guard; };

export function useRoute() {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    let shown = location.hash;
    const changed = async () => {
      const wanted = location.hash;
      if (wanted === shown) return;
      if (leaveGuard) {
        history.replaceState(null, '', shown || '#/jobs');
        if (!(await leaveGuard())) return;
        leaveGuard = null;
        history.pushState(null, '', wanted);
      }
      shown = wanted;
      setRoute(readRoute());
    };
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return route;
}
