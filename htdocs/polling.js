// Work that is done again and again while somebody looks.
import { useEffect, useRef } from './vendor/preact.js';

const BACKOFF_MAX_MS = 15000;

// Calls work(signal) now and then every `ms`; not while the page is hidden, at once when it is shown again, and less
// often while the server cannot be reached. It starts anew when something in `again` changes. One turn at a time.
export function usePolling(work, ms, again = []) {
  const live = useRef({});
  live.current = { work, ms };
  useEffect(() => {
    const control = new AbortController();
    let timer = null;
    let busy = false;
    let failures = 0;
    const turn = async () => {
      if (busy || control.signal.aborted) return;
      clearTimeout(timer);
      if (document.hidden) return; // `look` goes on
      busy = true;
      try {
        await live.current.work(control.signal);
        failures = 0;
      } catch (error) {
        failures += error.name === 'AbortError' ? 0 : 1;
      }
      busy = false;
      if (!control.signal.aborted)
        timer = setTimeout(turn, Math.min(live.current.ms * 2 ** failures, Math.max(BACKOFF_MAX_MS, live.current.ms)));
    };
    const look = () => {
      if (!document.hidden) turn();
    };
    document.addEventListener('visibilitychange', look);
    window.addEventListener('online', look);
    turn();
    return () => {
      control.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
      window.removeEventListener('online', look);
    };
  }, again);
}
