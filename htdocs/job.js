// One job: all that is known of it, its log and its response as they grow.
import { html, useRef, useState } from './vendor/preact.js';
import { poller } from './api.js';
import { actions, act } from './actions.js';
import { may } from './roles.js';
import { Entries } from './entries.js';
import { Button, Empty, Icon, Notice, Progress, Status, Time, duration, size, usePolling } from './ui.js';

function Fact({ name, children }) {
  return html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
}

function Facts({ job }) {
  const usage = job.usage;
  return html`
    <dl class="facts">
      <${Fact} name="Worker"><a href=${`#/workers/${job.worker}`}>${job.worker}</a>${job.version ? ` (version ${job.version})` : ''}<//>
      <${Fact} name="Created"><${Time} at=${job.created} /><//>
      <${Fact} name="Started"><${Time} at=${job.starttime} /><//>
      <${Fact} name="Ended"><${Time} at=${job.stoptime} /><//>
      <${Fact} name="Took">${duration(job.starttime, job.stoptime)}<//>
      ${job.exit_code !== null && html`<${Fact} name="Exit status">${job.exit_code}<//>`}
      ${job.signal !== null && html`<${Fact} name="Signal">${job.signal}<//>`}
      ${job.pid && html`<${Fact} name="Process">${job.pid}${job.host ? ` on ${job.host}` : ''}<//>`}
      ${job.timeout && html`<${Fact} name="Timeout">${job.timeout} s<//>`}
      ${usage && html`<${Fact} name="CPU">${(usage.cpu_user + usage.cpu_system).toFixed(2)} s<//>`}
      ${usage && html`<${Fact} name="Memory">${size(usage.max_rss)}<//>`}
    </dl>`;
}

function Panes({ job, pane }) {
  const tab = (name, label, bytes) => html`
    <a role="tab" href=${`#/jobs/${job.id}?pane=${name}`} aria-selected=${pane === name} data-testid=${`pane-${name}`}>
      ${label}${bytes !== null && html` <span class="count">${size(bytes)}</span>`}</a>`;
  return html`
    <div class="tabs" role="tablist" aria-label="Of this job">
      ${tab('log', 'Log', job.log_size)}${tab('response', 'Response', job.response_size)}${tab('parameters', 'Parameters', null)}
    </div>
    ${pane === 'parameters'
      ? html`<pre class="block" tabindex="0" aria-label="Parameters">${JSON.stringify(job.parameters, null, 2)}</pre>`
      : html`<${Entries} key=${pane} job=${job} kind=${pane === 'response' ? 'response' : 'log'} />`}`;
}

export function Job({ id, me, pane }) {
  const [job, setJob] = useState(null);
  const [error, setError] = useState(null);
  const [turn, setTurn] = useState(0);
  const ask = useRef(poller());
  usePolling(async (signal) => {
    try {
      const answer = await ask.current(`jobs/${id}`, signal);
      if (answer) setJob(answer.data[0]);
      setError(null);
    } catch (problem) {
      if (problem.name !== 'AbortError' && problem.status !== 401) setError(problem);
    }
  }, job && !['idle', 'active'].includes(job.status) ? 10000 : 1000, [id, turn, me, job && job.status]);

  const run = async (name) => {
    if (!(await act(name, [job]))) return;
    if (name === 'delete') location.hash = '#/jobs';
    else setTurn(turn + 1);
  };
  if (error && error.status === 404) return html`<${Empty} title="This job is gone"><a href="#/jobs">All jobs</a><//>`;
  if (!job) return error ? html`<${Notice}>${error.message}<//>` : null;
  return html`
    <p class="crumbs"><a href="#/jobs" data-testid="back"><${Icon} name="back" />Jobs</a></p>
    <div class="head">
      <h1>${job.name || job.worker}</h1><${Status} status=${job.status} />
      ${job.status === 'active' && job.stop_requested && html`<span class="quiet">stopping…</span>`}
      <${Progress} progress=${job.status === 'active' ? job.progress : null} />
    </div>
    <p class="quiet mono">${job.id}${job.progress && job.progress.message ? html` · ${job.progress.message}` : ''}</p>
    <div class="toolbar" role="toolbar" aria-label="What to do with this job">
      <${Button} icon="reload" onClick=${() => { ask.current = poller(); setTurn(turn + 1); }} data-testid="reload">Reload<//>
      ${may(me, 'operator') && Object.entries(actions).map(([name, action]) => html`
        <${Button} icon=${action.icon} kind=${action.danger ? 'danger-quiet' : ''} data-testid=${name}
          disabled=${!action.fits(job)} onClick=${() => run(name)}>${action.label}<//>`)}
    </div>
    ${error && html`<${Notice}>${error.message}<//>`}
    ${job.reason && html`<${Notice} kind=${job.status === 'error' ? 'error' : 'info'}>${job.reason}<//>`}
    <${Facts} job=${job} />
    <${Panes} job=${job} pane=${pane} />`;
}
