// Manage jobs: the list.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get, poller } from './api.js';
import { actions, act } from './actions.js';
import { may } from './roles.js';
import { Button, Empty, Icon, Notice, Progress, Status, Time, duration, statusWords, usePolling } from './ui.js';

const POLL_MS = 2000;
const PAGE = 50;

function preview(parameters) {
  const pairs = Object.entries(parameters || {});
  return pairs.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join(', ');
}

function Filters({ filter, setFilter, counts, workers }) {
  const total = counts ? Object.values(counts).reduce((sum, n) => sum + n, 0) : null;
  const change = (part) => setFilter({ ...filter, ...part });
  return html`
    <div class="filters">
      <div class="segments" role="group" aria-label="Status">
        ${['', ...Object.keys(statusWords)].map((status) => html`
          <button type="button" aria-pressed=${filter.status === status} onClick=${() => change({ status })}
            data-testid=${`filter-${status || 'all'}`}>
            ${statusWords[status] || 'All'} <span class="count">${counts ? (status ? counts[status] : total) : ''}</span>
          </button>`)}
      </div>
      <label class="inline"><span class="hidden">Worker</span>
        <select value=${filter.worker} onChange=${(e) => change({ worker: e.target.value })} data-testid="filter-worker">
          <option value="">All workers</option>
          ${workers.map((name) => html`<option value=${name}>${name}</option>`)}
        </select>
      </label>
      <label class="inline search"><span class="hidden">Search</span><${Icon} name="search" />
        <input type="search" placeholder="Search id, name, parameters" value=${filter.q} data-testid="filter-text"
          onInput=${(e) => change({ q: e.target.value })} />
      </label>
    </div>`;
}

function Row({ job, chosen, onChoose }) {
  const address = `#/jobs/${job.id}`;
  return html`
    <tr class=${chosen ? 'chosen' : ''} data-job=${job.id}>
      <td class="check"><input type="checkbox" checked=${chosen} onChange=${onChoose} aria-label=${`Choose job ${job.id}`} /></td>
      <td><${Status} status=${job.status} />${job.status === 'active' && html`<${Progress} progress=${job.progress} />`}</td>
      <td class="main"><a href=${address}>${job.name || job.worker}</a>
        ${job.name && html`<span class="quiet"> ${job.worker}</span>`}
        <span class="sub" title=${preview(job.parameters)}>${job.reason && job.status === 'error' ? job.reason : preview(job.parameters)}</span></td>
      <td data-label="Created"><${Time} at=${job.created} /></td>
      <td data-label="Started"><${Time} at=${job.starttime} /></td>
      <td data-label="Ended"><${Time} at=${job.stoptime} /></td>
      <td data-label="Took" class="number">${duration(job.starttime, job.stoptime)}</td>
    </tr>`;
}

function Toolbar({ jobs, me, reload, clear }) {
  const one = jobs.length === 1 ? jobs[0] : null;
  const open = (pane) => { location.hash = `#/jobs/${one.id}?pane=${pane}`; };
  const run = async (name) => { if (await act(name, jobs)) { if (name === 'delete') clear(); reload(); } };
  return html`
    <div class="toolbar" role="toolbar" aria-label="What to do with the chosen jobs">
      <${Button} icon="reload" onClick=${reload} data-testid="reload">Reload<//>
      ${may(me, 'operator') && Object.entries(actions).map(([name, action]) => html`
        <${Button} icon=${action.icon} kind=${action.danger ? 'danger-quiet' : ''} data-testid=${name}
          disabled=${!jobs.some(action.fits)} onClick=${() => run(name)}>${action.label}<//>`)}
      <${Button} icon="log" disabled=${!one} onClick=${() => open('log')} data-testid="log">Log<//>
      <${Button} icon="reply" disabled=${!one} onClick=${() => open('response')} data-testid="response">Response<//>
      <span class="quiet grow right" role="status">${jobs.length ? `${jobs.length} chosen` : ''}</span>
      ${may(me, 'operator') && html`<a class="button primary" href="#/create" data-testid="new-job"><${Icon} name="plus" /><span>New job</span></a>`}
    </div>`;
}

const queryOf = (filter, extra = {}) => new URLSearchParams(Object.entries({ ...filter, limit: PAGE, ...extra })
  .filter(([, value]) => value !== '' && value !== undefined)).toString();

export function Jobs({ me }) {
  const [filter, setFilter] = useState({ status: '', worker: '', q: '' });
  const [page, setPage] = useState(null); // the first page, as it was polled
  const [older, setOlder] = useState({ jobs: [], next: null });
  const [chosen, setChosen] = useState(new Set());
  const [error, setError] = useState('');
  const [workers, setWorkers] = useState([]);
  const [turn, setTurn] = useState(0);
  const ask = useRef(poller());

  useEffect(() => { get('workers?limit=1000').then(({ data }) => setWorkers(data.map((w) => w.name))).catch(() => {}); }, []);
  useEffect(() => { setOlder({ jobs: [], next: null }); setChosen(new Set()); }, [filter]);
  usePolling(async (signal) => {
    try {
      const answer = await ask.current(`jobs?${queryOf(filter)}`, signal);
      if (answer) setPage(answer);
      setError('');
    } catch (problem) {
      if (problem.name !== 'AbortError' && problem.status !== 401) setError(problem.message);
    }
  }, POLL_MS, [filter, turn, me]);

  const first = page ? page.data : [];
  const known = new Set(first.map((job) => job.id));
  const jobs = [...first, ...older.jobs.filter((job) => !known.has(job.id))];
  const next = older.next || (older.jobs.length ? null : page && page.next);
  const chosenJobs = jobs.filter((job) => chosen.has(job.id));
  const choose = (id) => { const set = new Set(chosen); if (!set.delete(id)) set.add(id); setChosen(set); };
  const all = jobs.length > 0 && chosenJobs.length === jobs.length;
  const more = async () => {
    const answer = await get(`jobs?${queryOf(filter, { cursor: next })}`);
    setOlder({ jobs: [...older.jobs, ...answer.data], next: answer.next || null });
  };
  const filtered = Object.values(filter).some(Boolean);

  return html`
    <h1>Jobs</h1>
    <${Toolbar} jobs=${chosenJobs} me=${me} reload=${() => { ask.current = poller(); setTurn(turn + 1); }} clear=${() => setChosen(new Set())} />
    <${Filters} filter=${filter} setFilter=${setFilter} counts=${page && page.counts} workers=${workers} />
    ${error && html`<${Notice}>${error}<//>`}
    ${page && jobs.length === 0 && (filtered
      ? html`<${Empty} title="No job fits">Change the filter to see others.<//>`
      : html`<${Empty} title="No jobs yet">A job is one run of a worker. ${may(me, 'operator') && html`<a href="#/create">Create the first one.</a>`}<//>`)}
    ${jobs.length > 0 && html`
      <div class="table-box"><table class="list">
        <thead><tr>
          <th class="check"><input type="checkbox" checked=${all} aria-label="Choose all jobs" data-testid="choose-all"
            onChange=${() => setChosen(all ? new Set() : new Set(jobs.map((job) => job.id)))} /></th>
          <th>Status</th><th>Job</th><th>Created</th><th>Started</th><th>Ended</th><th class="number">Took</th>
        </tr></thead>
        <tbody>${jobs.map((job) => html`<${Row} key=${job.id} job=${job} chosen=${chosen.has(job.id)} onChoose=${() => choose(job.id)} />`)}</tbody>
      </table></div>
      <p class="quiet center">${jobs.length} of ${page.total}
        ${next && html` <${Button} small onClick=${more} data-testid="more">Load more<//>`}</p>`}`;
}
