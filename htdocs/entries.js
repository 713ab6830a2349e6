// A log or a response: its entries as they come, and what a reader does with them.
import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/preact.js';
import { get, isQuiet, urlOf } from './api.js';
import { LogLines } from './log_lines.js';
import { LogView } from './log_view.js';
import { usePolling } from './polling.js';
import { address } from './route.js';
import { focusOn, useShortcuts } from './shortcuts.js';
import { Button, LinkButton, Notice, Search } from './ui.js';

const PAGE = 1000;
const streams = ['stdout', 'stderr', 'system', 'api'];

// Asks for what is new, until the job has ended and all was read. put(entries): they go at the end. `base`: the number
// of the entry before the first one, since those of all attempts are counted through.
function useFeed(path, ofAttempt, running, turn, put) {
  const [state, setState] = useState({ base: 0, first: 0, last: 0, total: 0, asked: false, error: '' });
  const live = useRef({ over: false });
  const note = (part) => {
    Object.assign(live.current, part);
    setState((old) => ({ ...old, ...part }));
  };

  useEffect(() => {
    live.current.over = false;
  }, [turn, running]);
  usePolling(
    async (signal) => {
      const now = live.current;
      if (now.over) return;
      try {
        for (let more = true; more;) {
          const query = now.last ? `after=${now.last}&limit=${PAGE}` : `tail=${PAGE}`;
          const { data, total } = await get(`${path}?${query}${ofAttempt}`, { signal });
          if (data.length) put(data);
          // What the first answer ends with is the last entry of all.
          if (!now.last && data.length) note({ base: data.at(-1).seq - total });
          note({
            asked: true,
            error: '',
            total,
            last: data.length ? data.at(-1).seq : now.last || 0,
            first: now.first || (data.length ? data[0].seq : 0),
          });
          more = data.length > 0 && now.last < now.base + total;
        }
        now.over = !running; // this was one more look after the end
      } catch (error) {
        if (!isQuiet(error)) note({ error: error.message });
        throw error;
      }
    },
    1000,
    [path, ofAttempt, running, turn],
  );
  return [state, note];
}

function useLog(box, { onChange }) {
  const ref = useRef(null);
  if (!ref.current) ref.current = { lines: new LogLines(), view: null };
  useLayoutEffect(() => {
    const { lines } = ref.current;
    const toggle = (head) => {
      head.open = !head.open;
      view.replace(lines.shown());
      view.drawFold(head);
    };
    const view = new LogView(box.current, { toggle, changed: onChange });
    ref.current.view = view;
    return () => view.destroy();
  }, []);
  return ref.current;
}

// The places that a search found, and which of them is looked at.
function useFind(log, setCount) {
  const found = useRef({ needle: '', lines: [], at: -1 });
  const mark = () => {
    const { needle, lines, at } = found.current;
    log.view.mark(needle, lines[at] || null);
    setCount(needle ? { at: at + 1, of: lines.length } : null);
  };
  const go = (step) => {
    const now = found.current;
    if (now.lines.length === 0) return;
    now.at = (now.at + step + now.lines.length) % now.lines.length;
    const line = now.lines[now.at];
    if (line.group && !line.group.open) {
      line.group.open = true;
      log.view.replace(log.lines.shown());
      log.view.drawFold(line.group);
    }
    mark();
    log.view.show(line);
  };
  return {
    go,
    search: (text) => {
      found.current = { needle: text.toLowerCase(), lines: text ? log.lines.find(text) : [], at: -1 };
      mark();
      go(1);
    },
    grew: (added) => {
      const now = found.current;
      if (!now.needle) return;
      now.lines.push(...log.lines.find(now.needle, added));
      mark();
    },
    again: () => {
      const now = found.current;
      if (!now.needle) return;
      const line = now.lines[now.at];
      now.lines = log.lines.find(now.needle);
      now.at = now.lines.indexOf(line);
      mark();
    },
  };
}

const remembered = (name, fallback) => {
  const value = localStorage.getItem(name);
  return value === null ? fallback : value === 'on';
};

function useSwitch(name, fallback) {
  const [on, setOn] = useState(() => remembered(name, fallback));
  const toggle = () => {
    localStorage.setItem(name, on ? 'off' : 'on');
    setOn(!on);
  };
  return [on, toggle];
}

function Earlier({ missing, load, busy }) {
  if (missing <= 0) return null;
  return html`
    <div class="earlier">
      <span class="quiet">${missing.toLocaleString('en')} earlier ${
        missing === 1 ? 'entry' : 'entries'
      } not loaded</span>
      <${Button} small disabled=${busy} onClick=${() => load(false)}
        data-testid="earlier">Load ${Math.min(missing, PAGE).toLocaleString('en')}<//>
      ${
        missing > PAGE &&
        html`<${Button} small disabled=${busy} onClick=${() => load(true)} data-testid="earlier-all">Load all<//>`
      }
    </div>`;
}

function AttemptChoice({ job, kind, attempt }) {
  const pick = (event) => {
    location.hash = address(['jobs', job.id], { pane: kind, attempt: event.target.value });
  };
  return html`
    <label><span class="hidden">Attempt</span>
      <select class="small" value=${attempt || ''} onChange=${pick} data-testid="attempt">
        <option value="">${kind === 'log' ? 'All attempts' : 'Last attempt'}</option>
        ${Array.from({ length: job.attempt }, (_, i) => html`<option value=${i + 1}>Attempt ${i + 1}</option>`)}
      </select></label>`;
}

// attempt: of which to show what was said; null: of all, or of the last one where it is a response.
export function Entries({ job, kind, turn, attempt }) {
  const isLog = kind === 'log';
  const box = useRef();
  const [following, setFollowing] = useState(true);
  const [count, setCount] = useState(null);
  const [text, setText] = useState('');
  const [only, setOnly] = useState('');
  const [groups, setGroups] = useState({ any: false, folded: false });
  const [number, setNumber] = useState(0);
  const [busy, setBusy] = useState(false);
  const [times, toggleTimes] = useSwitch(`${kind}-times`, isLog);
  const [wrap, toggleWrap] = useSwitch(`${kind}-wrap`, !isLog);
  const log = useLog(box, { onChange: setFollowing });
  const find = useFind(log, setCount);
  const path = `jobs/${job.id}/${kind}`;
  const ofAttempt = attempt ? `&attempt=${attempt}` : '';
  const isLast = !attempt || attempt >= job.attempt;
  const running = isLast && (job.status === 'idle' || job.status === 'active');

  const grown = (added) => {
    setNumber(log.lines.all.length);
    if (added.some((line) => line.kind === 'head')) setGroups((old) => ({ ...old, any: true }));
  };
  const [feed, note] = useFeed(path, ofAttempt, running, turn, (entries) => {
    const added = log.lines.append(entries);
    log.view.append(added.filter((line) => log.lines.isShown(line)));
    log.view.redrawCounts();
    find.grew(added);
    grown(added);
  });

  const loadEarlier = async (all) => {
    setBusy(true);
    try {
      for (let first = feed.first, more = true; more && first > feed.base + 1;) {
        const after = Math.max(feed.base, first - 1 - PAGE);
        const { data } = await get(`${path}?after=${after}&limit=${first - 1 - after}${ofAttempt}`);
        if (data.length === 0) break;
        grown(log.lines.prepend(data));
        log.view.follow(false);
        log.view.replace(log.lines.shown(), { redraw: true }); // a group may begin in what came
        first = data[0].seq;
        note({ first, error: '' });
        more = all;
      }
      find.again();
    } catch (error) {
      if (!isQuiet(error)) note({ error: error.message });
    }
    setBusy(false);
  };
  const choose = (stream) => {
    setOnly(stream);
    log.lines.only = stream;
    log.view.replace(log.lines.shown());
    find.again();
  };
  const foldAll = () => {
    for (const head of log.lines.heads()) head.open = groups.folded;
    log.view.replace(log.lines.shown());
    log.lines.heads().forEach((head) => log.view.drawFold(head));
    setGroups({ any: true, folded: !groups.folded });
  };
  const search = (next) => {
    setText(next);
    find.search(next);
  };
  const findKeys = (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      find.go(event.shiftKey ? -1 : 1);
    }
    if (event.key === 'Escape') {
      event.preventDefault();
      search('');
      box.current.focus();
    }
  };
  // Ctrl-F finds in the whole text, of which the browser sees a part only; a second one is the browser's.
  const boxKeys = (event) => {
    if (event.key === 'f' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      focusOn('[data-testid=find]')();
    }
  };
  useLayoutEffect(() => {
    log.view.setWrap(wrap);
  }, [wrap]);
  useShortcuts({ '/': focusOn('[data-testid=find]') });

  const empty = feed.asked && feed.total === 0;
  return html`
    <section class="viewer" aria-label=${isLog ? 'Log' : 'Response'}>
      <div class="viewer-bar">
        <${Search} label="Find in this text" placeholder="Find" value=${text} onText=${search} onKeyDown=${findKeys}
          data-testid="find" />
        ${
          count &&
          html`<span class="row tight">
          <span class="quiet number" role="status">
            ${count.of ? `${count.at} of ${count.of.toLocaleString('en')}` : 'Nothing found'}</span>
          <${Button} small icon="upward" kind="plain" iconOnly="Previous place" disabled=${!count.of}
            onClick=${() => find.go(-1)} data-testid="find-previous" />
          <${Button} small icon="downward" kind="plain" iconOnly="Next place" disabled=${!count.of}
            onClick=${() => find.go(1)} data-testid="find-next" /></span>`
        }
        <span class="grow"></span>
        <span class="quiet number" role="status">
          ${number.toLocaleString('en')} ${number === 1 ? 'line' : 'lines'}</span>
        ${job.status === 'active' && running && !job.paused && html`<span class="live">live</span>`}
        <div class="row tight" role="group" aria-label="How it is shown">
          ${
            job.attempt > 1 && html`<${AttemptChoice} job=${job} kind=${kind} attempt=${attempt} />`
          }
          ${
            isLog &&
            html`<label><span class="hidden">Stream</span>
            <select class="small" value=${only} onChange=${(event) => choose(event.target.value)} data-testid="stream">
              <option value="">All streams</option>
              ${streams.map((name) => html`<option value=${name}>${name}</option>`)}</select></label>`
          }
          ${
            groups.any &&
            html`<${Button} small icon="fold" iconOnly="Fold all groups" pressed=${groups.folded} onClick=${foldAll}
              data-testid="fold-all" />`
          }
          <${Button} small icon="clock" iconOnly="Times" pressed=${times} onClick=${toggleTimes} data-testid="times" />
          <${Button} small icon="wrap" iconOnly="Wrap long lines" pressed=${wrap} onClick=${toggleWrap}
            data-testid="wrap" />
          <${Button} small icon="end" iconOnly="Follow the end" pressed=${following}
            onClick=${() => log.view.follow(!following)} data-testid="follow" />
          <${LinkButton} small icon="down" iconOnly="Download"
            href=${urlOf(`${path}.txt${ofAttempt.replace('&', '?')}`)}
            download=${`${[job.id, kind, attempt].filter(Boolean).join('-')}.txt`} data-testid="download" />
        </div>
      </div>
      ${feed.error && html`<${Notice}>${feed.error}<//>`}
      <${Earlier} missing=${feed.first - 1 - feed.base} load=${loadEarlier} busy=${busy} />
      <div class="lines-frame">
        <div class=${`lines ${times ? '' : 'no-times'} ${isLog ? '' : 'no-streams'}`} ref=${box} tabindex="0"
          onKeyDown=${boxKeys} role="log" aria-live="off"
          aria-label=${isLog ? 'Lines of the log' : 'Lines of the response'}></div>
        ${
          empty &&
          html`
          <p class="lines-empty quiet">
            ${job.status === 'idle' ? 'The job was not started yet.' : 'Nothing was said so far.'}</p>`
        }
        ${
          !following &&
          running &&
          html`
          <${Button} small icon="end" kind="to-end" onClick=${() => log.view.follow(true)}
            data-testid="to-end">To the end<//>`
        }
      </div>
    </section>`;
}
