// A log or a response: follows while the job runs, and stays smooth however long it is, since only the rows in sight
// are in the document.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from './vendor/preact.js';
import { pieces } from './ansi.js';
import { get, urlOf } from './api.js';
import { Button, Icon, Notice, usePolling } from './ui.js';

const ROW = 20; // pixels of one row when lines are not wrapped
const OVERSCAN = 20;
const FIRST = 1000;

// Entries become lines: one may hold several. Lines between ::group:: and ::endgroup:: know their group.
function linesOf(entries) {
  const lines = [];
  let group = null;
  for (const entry of entries) {
    for (const text of entry.message.split('\n')) {
      const title = entry.stream === 'stdout' && text.match(/^::group::(.*)$/);
      if (entry.stream === 'stdout' && text === '::endgroup::') { group = null; continue; }
      if (title) { group = entry.seq; lines.push({ ...entry, text: title[1], heads: group }); continue; }
      lines.push({ ...entry, text, group });
    }
  }
  return lines;
}

function useEntries(job, kind) {
  const [entries, setEntries] = useState(null);
  const [total, setTotal] = useState(0);
  const [error, setError] = useState('');
  const state = useRef({ entries: null, over: false });
  const path = `jobs/${job.id}/${kind}`;
  const running = ['idle', 'active'].includes(job.status);

  usePolling(async (signal) => {
    const now = state.current;
    if (now.over) return;
    try {
      for (;;) {
        const query = now.entries === null ? `tail=${FIRST}` : `after=${now.entries.length ? now.entries[now.entries.length - 1].seq : 0}&limit=1000`;
        const answer = await get(`${path}?${query}`, { signal });
        now.entries = [...(now.entries || []), ...answer.data];
        setTotal(answer.total);
        setEntries(now.entries);
        setError('');
        if (answer.data.length === 0 || query.startsWith('tail')) break;
      }
      now.over = !running; // one more look after the end, and that is all
    } catch (problem) {
      if (problem.name !== 'AbortError' && problem.status !== 401) setError(problem.message);
    }
  }, running ? 1000 : 300, [path, running]);

  const earlier = async () => {
    const now = state.current;
    const first = now.entries[0].seq;
    const after = Math.max(0, first - 1 - FIRST);
    const answer = await get(`${path}?after=${after}&limit=${first - 1 - after}`);
    now.entries = [...answer.data, ...now.entries];
    setEntries(now.entries);
  };
  return { entries, total, error, earlier };
}

const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false }) + '.' + time.slice(20, 23);

function Line({ line, times, found, folded, onFold }) {
  return html`
    <div class=${`line stream-${line.stream} ${found ? 'found' : ''}`}>
      ${times && html`<span class="time">${clock(line.time)}</span>`}
      ${line.heads && html`<button type="button" class="fold" aria-expanded=${!folded} onClick=${onFold}
        aria-label=${`${folded ? 'Unfold' : 'Fold'} ${line.text}`}>${folded ? '▸' : '▾'}</button>`}
      <span class="text">${pieces(line.text).map((p) => (p.className ? html`<span class=${p.className}>${p.text}</span>` : p.text))}</span>
    </div>`;
}

// Which rows are in sight; all of them when lines wrap, since their heights are not known then.
function useWindow(box, count, wrap) {
  const [view, setView] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const look = () => box.current && setView({ top: box.current.scrollTop, height: box.current.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    box.current.addEventListener('scroll', look, { passive: true });
    const element = box.current;
    return () => { observer.disconnect(); element.removeEventListener('scroll', look); };
  }, []);
  if (wrap) return { from: Math.max(0, count - 2000), to: count };
  return { from: Math.max(0, Math.floor(view.top / ROW) - OVERSCAN), to: Math.min(count, Math.ceil((view.top + view.height) / ROW) + OVERSCAN) };
}

export function Entries({ job, kind }) {
  const { entries, total, error, earlier } = useEntries(job, kind);
  const [times, setTimes] = useState(kind === 'log');
  const [wrap, setWrap] = useState(kind !== 'log');
  const [query, setQuery] = useState('');
  const [folded, setFolded] = useState(new Set());
  const [following, setFollowing] = useState(true);
  const box = useRef();

  const lines = useMemo(() => linesOf(entries || []), [entries]);
  const needle = query.toLowerCase();
  const shown = useMemo(() => lines.filter((line) => (needle ? line.text.toLowerCase().includes(needle) : !folded.has(line.group))), [lines, needle, folded]);
  const { from, to } = useWindow(box, shown.length, wrap);

  // The end is followed until somebody scrolls up, and again when they come back down.
  useLayoutEffect(() => { if (following && box.current) box.current.scrollTop = box.current.scrollHeight; }, [shown.length, following, wrap]);
  const onScroll = () => {
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    setFollowing(scrollHeight - scrollTop - clientHeight < ROW * 2);
  };
  const fold = (group) => { const set = new Set(folded); if (!set.delete(group)) set.add(group); setFolded(set); };
  const hidden = total - (entries ? entries.length : 0);

  return html`
    <div class="viewer">
      <div class="viewer-bar">
        <label class="inline search"><span class="hidden">Find in this text</span><${Icon} name="search" />
          <input type="search" placeholder="Find" value=${query} onInput=${(e) => setQuery(e.target.value)} data-testid="find" /></label>
        <label class="inline"><input type="checkbox" checked=${times} onChange=${() => setTimes(!times)} data-testid="times" /> Times</label>
        <label class="inline"><input type="checkbox" checked=${wrap} onChange=${() => setWrap(!wrap)} data-testid="wrap" /> Wrap</label>
        <label class="inline"><input type="checkbox" checked=${following} onChange=${() => setFollowing(!following)} data-testid="follow" /> Follow</label>
        <span class="quiet grow right" role="status">${query ? `${shown.length} found` : `${lines.length} lines`}${['active'].includes(job.status) ? html` <span class="live">live</span>` : ''}</span>
        <a class="button small" href=${urlOf(`jobs/${job.id}/${kind}.txt`)} download=${`${job.id}-${kind}.txt`} data-testid="download">
          <${Icon} name="down" /><span>Download</span></a>
      </div>
      ${error && html`<${Notice}>${error}<//>`}
      <div class=${`lines ${wrap ? 'wrap' : ''}`} ref=${box} onScroll=${onScroll} tabindex="0" role="log" aria-live="off" aria-label=${kind === 'log' ? 'Log' : 'Response'}>
        ${hidden > 0 && html`<div class="earlier"><${Button} small onClick=${earlier} data-testid="earlier">Load ${Math.min(hidden, FIRST)} earlier entries<//></div>`}
        ${entries && shown.length === 0 && html`<p class="quiet pad">${query ? 'Nothing found.' : job.status === 'idle' ? 'The job was not started yet.' : 'Nothing was said so far.'}</p>`}
        <${Spacer} rows=${wrap ? 0 : from} />
        ${shown.slice(from, to).map((line, i) => html`<${Line} key=${from + i} line=${line} times=${times} found=${needle}
          folded=${folded.has(line.heads)} onFold=${() => fold(line.heads)} />`)}
        <${Spacer} rows=${wrap ? 0 : shown.length - to} />
      </div>
    </div>`;
}

// Stands for rows that are out of sight. The height is set from a script, which the content policy allows; it forbids
// style attributes.
function Spacer({ rows }) {
  const ref = useRef();
  useLayoutEffect(() => { ref.current.style.height = `${rows * ROW}px`; }, [rows]);
  return html`<div ref=${ref} aria-hidden="true"></div>`;
}
