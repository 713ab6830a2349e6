// Lists that the API gives in pages, one after the other.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get, isQuiet } from './api.js';
import { usePolling } from './polling.js';
import { Button, Notice } from './ui.js';

const PAGE = 50;
const LIMIT_MAX = 1000; // of the API

// path: of the API, with its query. Gives the rows of all pages that were loaded: { rows, total, next }, or null.
export function usePages(path, again = []) {
  const [list, setList] = useState(null);
  const [error, setError] = useState('');
  const turn = useRef(0);
  const shown = list && list.path === path ? list : null;

  const load = async (limit, rows = [], cursor = '') => {
    const mine = ++turn.current;
    try {
      const query = new URLSearchParams({ limit, ...(cursor && { cursor }) });
      const answer = await get(`${path}${path.includes('?') ? '&' : '?'}${query}`);
      if (mine !== turn.current) return; // another question was asked meanwhile
      setList({ path, rows: [...rows, ...answer.data], total: answer.total, next: answer.next });
      setError('');
    } catch (problem) {
      if (!isQuiet(problem) && mine === turn.current) setError(problem.message);
    }
  };
  // As many as are shown, so that nobody is thrown back to the first page.
  const reload = () => load(Math.min(LIMIT_MAX, Math.max(PAGE, shown ? shown.rows.length : 0)));
  const more = () => load(PAGE, shown.rows, shown.next);
  useEffect(() => {
    load(PAGE);
    return () => turn.current++;
  }, [path, ...again]);
  return { list: shown, error, reload, more };
}

// Lists whose rows change by themselves are looked at again and again. The first look is the list's own.
export function useReloading(pages, ms) {
  const first = useRef(true);
  usePolling(async () => {
    if (first.current) first.current = false;
    else await pages.reload();
  }, ms);
}

export const More = ({ count, total, next, more }) => html`
  <p class="quiet center">${count.toLocaleString('en')} of ${total.toLocaleString('en')}
    ${next && html` <${Button} small onClick=${more} data-testid="more">Load more<//>`}</p>`;

// empty: what is shown where there is nothing. children: (rows) => what is shown where there is something.
export function Pages({ pages, empty, children }) {
  const { list, error, more } = pages;
  return html`
    ${error && html`<${Notice}>${error}<//>`}
    ${list && list.rows.length === 0 && empty}
    ${
      list &&
      list.rows.length > 0 &&
      html`${children(list.rows)}<${More} count=${list.rows.length} total=${list.total} next=${list.next}
        more=${more} />`
    }`;
}
