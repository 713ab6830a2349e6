// Manage jobs: the list.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get, isQuiet, poller } from './api.js';
import { act, offered } from './actions.js';
import { More } from './pages.js';
import { JobTabs } from './parts.js';
import { usePolling } from './polling.js';
import { may } from './roles.js';
import { address, isJobId, replaceAddress } from './route.js';
import { focusOn, goTo, useShortcuts } from './shortcuts.js';
import { Time, Took } from './time.js';
import {
  Button,
  Empty,
  Icon,
  LinkButton,
  Notice,
  Progress,
  Search,
  Status,
  statusWords,
  toast,
  useTitle,
} from './ui.js';
import { waitsFor } from './waiting.js';

const POLL_MS = 2000;
const PAGE = 50;
const LIMIT_MAX = 1000; // of the API
const TYPING_MS = 250;
const filters = ['status', 'worker', 'q', 'queue', 'schedule']; // as the API calls them

// -- the rows of all pages that were loaded --

// The newest are asked for again, as many as are shown: older pages are as fresh as the first.
function useJobs(filter, me) {
  const [list, setList] = useState(null); // { jobs, total, next, counts }
  const [error, setError] = useState('');
  const [turn, setTurn] = useState(0);
  const ask = useRef(poller());
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
  const held = useRef({ query, jobs: [], next: null });
  if (held.current.query !== query) held.current = { query, jobs: [], next: null };

  const hold = (jobs, { total, next, counts }) => {
    Object.assign(held.current, { jobs, next });
    setList({ jobs, total, next, counts });
  };
  const limitOf = ({ jobs }) => Math.min(LIMIT_MAX, Math.max(PAGE, Math.ceil(jobs.length / PAGE) * PAGE));
  usePolling(
    async (signal) => {
      const limit = limitOf(held.current);
      try {
        const answer = await ask.current(`jobs?${query}&limit=${limit}`, signal);
        // A page that came meanwhile is not in it: the next look has all.
        if (answer && limit === limitOf(held.current)) {
          // Beyond the largest page, the rows stay as they were loaded.
          const rest =
            limit === LIMIT_MAX && answer.data.length
              ? held.current.jobs.filter((job) => job.id < answer.data.at(-1).id)
              : [];
          hold([...answer.data, ...rest], rest.length ? { ...answer, next: held.current.next } : answer);
        }
        setError('');
      } catch (problem) {
        if (!isQuiet(problem) && problem.status) setError(problem.message);
        throw problem;
      }
    },
    POLL_MS,
    [query, turn, me],
  );

  const more = async () => {
    const asked = held.current;
    try {
      const answer = await get(`jobs?${query}&limit=${PAGE}&cursor=${list.next}`);
      if (held.current !== asked) return; // another filter was chosen
      hold([...held.current.jobs, ...answer.data], { ...list, total: answer.total, next: answer.next });
    } catch (problem) {
      if (!isQuiet(problem)) toast(problem.message, 'error');
    }
  };
  const reload = () => {
    ask.current = poller();
    setTurn(turn + 1);
  };
  return { list: held.current.query === query ? list : null, error, more, reload };
}

// Which of the rows are selected. With Shift, all from the one before to this one.
function useSelection(jobs) {
  const [ids, setIds] = useState(new Set());
  const [whole, setWhole] = useState(null); // { filter, total }: all jobs of a filter, seen or not
  const last = useRef(null);
  const toggle = (id, range) => {
    const order = jobs.map((job) => job.id);
    const [from, to] = [order.indexOf(last.current), order.indexOf(id)].sort((a, b) => a - b);
    const next = new Set(ids);
    const on = !ids.has(id);
    for (const each of range && from >= 0 ? order.slice(from, to + 1) : [id])
      if (on) next.add(each);
      else next.delete(each);
    last.current = id;
    setIds(next);
    setWhole(null);
  };
  return {
    jobs: jobs.filter((job) => ids.has(job.id)),
    has: (id) => ids.has(id),
    toggle,
    whole,
    all: () => setIds(new Set(jobs.map((job) => job.id))),
    every: setWhole,
    clear: () => {
      setIds(new Set());
      setWhole(null);
    },
  };
}

// -- what is shown --

// A filter that another view leads to.
const Only = ({ what, name, remove, ...rest }) => html`
  <span class="only"><span class="quiet">${what}</span> <b title=${name}>${name}</b>
    <${Button} small icon="close" kind="plain" iconOnly=${`All jobs, not only of this ${what.toLowerCase()}`}
      onClick=${remove} ...${rest} /></span>`;

function OnlySchedule({ id, remove }) {
  const [name, setName] = useState(`…${id.slice(-6)}`);
  useEffect(() => {
    if (isJobId(id))
      get(`schedules/${id}`)
        .then(({ data: [schedule] }) => setName(schedule.name || schedule.worker))
        .catch(() => {}); // deleted; its jobs are still there
  }, [id]);
  return html`<${Only} what="Schedule" name=${name} remove=${remove} data-testid="filter-schedule" />`;
}

function Filters({ filter, change, counts, workers }) {
  const [text, setText] = useState(filter.q);
  const said = useRef(filter.q);
  useEffect(() => {
    if (text === said.current) return undefined;
    const timer = setTimeout(() => {
      said.current = text;
      change({ q: text }, true);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  // The address was changed by something else than this field.
  useEffect(() => {
    if (filter.q !== said.current) {
      said.current = filter.q;
      setText(filter.q);
    }
  }, [filter.q]);
  // The address may name one that was deleted meanwhile: its jobs are still there.
  const names = !filter.worker || workers.includes(filter.worker) ? workers : [...workers, filter.worker];
  // The server counts all jobs: under another filter these numbers would say something wrong.
  const shown = counts && !filter.worker && !filter.q && !filter.queue && !filter.schedule;
  const number = (status) => (status ? counts[status] : Object.values(counts).reduce((sum, n) => sum + n, 0));
  return html`
    <div class="filters">
      <div class="segments" role="group" aria-label="Status">
        ${['', ...Object.keys(statusWords)].map(
          (status) => html`
          <button type="button" aria-pressed=${filter.status === status} onClick=${() => change({ status })}
            data-testid=${`filter-${status || 'all'}`}>
            ${statusWords[status] || 'All'}${
              shown && html` <span class="count">${number(status).toLocaleString('en')}</span>`
            }</button>`,
        )}
      </div>
      <label><span class="hidden">Worker</span>
        <select value=${filter.worker} onChange=${(event) => change({ worker: event.target.value })}
          data-testid="filter-worker">
          <option value="">All workers</option>
          ${names.map((name) => html`<option value=${name}>${name}</option>`)}
        </select>
      </label>
      <${Search} label="Search jobs" placeholder="Search id, name, parameters" value=${text} onText=${setText}
        data-testid="filter-text" />
      ${
        filter.queue &&
        html`<${Only} what="Queue" name=${filter.queue} remove=${() => change({ queue: '' })}
        data-testid="filter-queue" />`
      }
      ${
        filter.schedule &&
        html`<${OnlySchedule} id=${filter.schedule} remove=${() => change({ schedule: '' })} />`
      }
    </div>`;
}

function preview(parameters) {
  return Object.entries(parameters || {})
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

function Row({ job, selected, onToggle }) {
  const parameters = preview(job.parameters);
  const failed = job.status === 'error' && job.reason;
  const waits = waitsFor(job);
  const check = (event) => onToggle(event.shiftKey);
  return html`
    <tr class=${selected ? 'selected' : ''} data-job=${job.id}>
      <td class="check"><input type="checkbox" checked=${selected} onClick=${check}
        aria-label=${`Select ${job.name || job.worker} ${job.id}`} /></td>
      <td class="state"><${Status} job=${job} /></td>
      <td class="main">
        <span class="line-1">
          <a href=${address(['jobs', job.id])}>${job.name || job.worker}</a>
          ${job.name && html`<span class="quiet">${job.worker}</span>`}
        </span>
        ${
          (failed || waits || parameters) &&
          html`<span class="sub" title=${failed ? job.reason : waits || parameters}>${
            failed ? html`<span class="fault">${job.reason}</span>` : waits
          }${(failed || waits) && parameters && ' · '}${parameters}</span>`
        }
      </td>
      <td class="bar"><${Progress} job=${job} /></td>
      <td data-label="Created"><${Time} at=${job.created} /></td>
      <td data-label="Started"><${Time} at=${job.starttime} /></td>
      <td data-label="Ended"><${Time} at=${job.stoptime} /></td>
      <td data-label="Took" class="number"><${Took} job=${job} /></td>
    </tr>`;
}

function Table({ list, selection }) {
  const { jobs } = list;
  const all = jobs.length > 0 && selection.jobs.length === jobs.length;
  return html`
    <div class="table-box"><table class="list jobs">
      <thead><tr>
        <th class="check"><input type="checkbox" checked=${all} indeterminate=${!all && selection.jobs.length > 0}
          onChange=${all ? selection.clear : selection.all} aria-label="Select all jobs" data-testid="choose-all" />
        </th>
        <th>Status</th><th>Job</th><th><span class="hidden">Progress</span></th>
        <th>Created</th><th>Started</th><th>Ended</th><th class="number">Took</th>
      </tr></thead>
      <tbody>${jobs.map(
        (job) => html`
        <${Row} key=${job.id} job=${job} selected=${selection.has(job.id)}
          onToggle=${(range) => selection.toggle(job.id, range)} />`,
      )}</tbody>
    </table></div>`;
}

// What can be done with the selected; it lies over the end of the list while something is.
function SelectionBar({ selection, me, run, every, rest }) {
  const { jobs, whole } = selection;
  if (jobs.length === 0) return null;
  const open = (pane) => () => {
    location.hash = address(['jobs', jobs[0].id], { pane });
  };
  const one = jobs.length === 1 && !whole;
  return html`
    <div class="selection-bar" role="toolbar" aria-label="What to do with the selected jobs">
      <span class="selection-count" role="status">${
        whole ? `All ${whole.total.toLocaleString('en')}` : jobs.length
      } selected</span>
      ${
        rest > 0 &&
        !whole &&
        html`<${Button} icon="jobs" onClick=${every}
          data-testid="choose-every">All ${(jobs.length + rest).toLocaleString('en')}<//>`
      }
      ${offered(me, jobs, whole).map(([name, action]) => {
        const fits = whole || jobs.some(action.fits);
        return html`<${Button} icon=${action.icon} kind=${action.danger ? 'danger-quiet' : ''} data-testid=${name}
          disabled=${!fits} title=${fits ? undefined : action.why} onClick=${() => run(name)}>${action.label}<//>`;
      })}
      <${Button} icon="log" disabled=${!one} title=${one ? undefined : 'Select one job to read its log'}
        onClick=${open('log')} data-testid="log">Log<//>
      <${Button} icon="reply" disabled=${!one} title=${one ? undefined : 'Select one job to read its response'}
        onClick=${open('response')} data-testid="response">Response<//>
      <${Button} icon="close" kind="plain" iconOnly="Clear the selection" onClick=${selection.clear}
        data-testid="clear" />
    </div>`;
}

// j and k move along the rows, x selects the one that has the focus.
function useRowKeys(selection) {
  const rowOf = (element) => (element ? element.closest('tr[data-job]') : null);
  const move = (step) => () => {
    const rows = [...document.querySelectorAll('tr[data-job]')];
    const at = rows.indexOf(rowOf(document.activeElement));
    const row = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
    if (row) row.querySelector('a').focus();
  };
  const select = () => {
    const row = rowOf(document.activeElement);
    if (row) selection.toggle(row.dataset.job, false);
  };
  return { j: move(1), k: move(-1), x: select, Escape: selection.clear };
}

export function Jobs({ me, query }) {
  const filter = Object.fromEntries(filters.map((name) => [name, query.get(name) || '']));
  const [workers, setWorkers] = useState([]);
  const { list, error, more, reload } = useJobs(filter, me);
  const selection = useSelection(list ? list.jobs : []);
  useTitle('Jobs');
  useEffect(() => {
    get('workers?limit=1000')
      .then(({ data }) => setWorkers(data.map((worker) => worker.name)))
      .catch(() => {});
  }, [me]);

  const change = (part, replace) => {
    const hash = address(['jobs'], { ...filter, ...part });
    selection.clear();
    if (replace) replaceAddress(hash);
    else location.hash = hash;
  };
  const run = async (name) => {
    if (!(await act(name, selection.jobs, selection.whole))) return;
    if (selection.whole) selection.clear();
    reload();
  };
  // All that match, but for those that are made after this: nobody has seen them.
  const every = () => {
    const until = new Date(Date.parse(list.jobs[0].created) + 1).toISOString();
    const said = Object.fromEntries(Object.entries(filter).filter(([, value]) => value));
    selection.every({ filter: { ...said, until }, total: list.total });
  };
  const rest = list ? list.total - selection.jobs.length : 0;
  useShortcuts({
    ...useRowKeys(selection),
    r: reload,
    c: may(me, 'POST /jobs') && goTo('#/create'),
    '/': focusOn('[data-testid=filter-text]'),
  });

  const filtered = Object.values(filter).some(Boolean);
  return html`
    <${JobTabs} view="jobs" />
    <div class="head"><h1>Jobs</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${reload} data-testid="reload">Reload<//>
      ${
        may(me, 'POST /jobs') &&
        html`<${LinkButton} icon="plus" kind="primary" href="#/create" data-testid="new-job">New job<//>`
      }
    </div>
    <${Filters} filter=${filter} change=${change} counts=${list && list.counts} workers=${workers} />
    ${error && html`<${Notice}>${error}<//>`}
    ${
      list &&
      list.jobs.length === 0 &&
      (filtered
        ? html`<${Empty} title="No job fits" icon="search">
            Change the filter to see others, or${' '}
            <a href="#/jobs" data-testid="filter-clear">see all jobs</a>.<//>`
        : html`<${Empty} title="No jobs yet">
            A job is one run of a worker.${' '}
            ${may(me, 'POST /jobs') && html`<a href="#/create">Create the first one.</a>`}<//>`)
    }
    ${
      list &&
      list.jobs.length > 0 &&
      html`
      <${Table} list=${list} selection=${selection} />
      <${More} count=${list.jobs.length} total=${list.total} next=${list.next} more=${more} />`
    }
    <${SelectionBar} selection=${selection} me=${me} run=${run} every=${every} rest=${rest} />`;
}
