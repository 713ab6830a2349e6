// One job: all that is known of it, its log and its response as they grow.
import { html, useRef, useState } from './vendor/preact.js';
import { isQuiet, poller } from './api.js';
import { act, offered } from './actions.js';
import { Attempts } from './attempts.js';
import { Entries } from './entries.js';
import { Graph } from './graph.js';
import { told } from './limits.js';
import { toldOfRetries } from './plan.js';
import { usePolling } from './polling.js';
import { may } from './roles.js';
import { address } from './route.js';
import { goTo, useShortcuts } from './shortcuts.js';
import { Time, Took } from './time.js';
import { Button, CopyButton, Empty, Icon, LinkButton, Notice, Progress, Status, statusWords, useTitle } from './ui.js';
import { duration, kinds, size } from './units.js';
import { Waiting } from './waiting.js';

const POLL_MS = 1000;
const POLL_OVER_MS = 10000; // somebody may delete it

const Fact = ({ name, exact, children }) => html`<div><dt>${name}</dt><dd title=${exact}>${children}</dd></div>`;

function Facts({ job }) {
  return html`
    <dl>
      <${Fact} name="Worker">
        <a href=${address(['workers', job.worker])}>${job.worker}</a>
        ${job.version && html` <span class="quiet">version ${job.version}</span>`}<//>
      ${
        job.queue &&
        html`<${Fact} name="Queue"><a href=${address(['jobs'], { queue: job.queue })}>${job.queue}</a>
          ${job.slots > 1 && html` <span class="quiet">${job.slots} slots</span>`}<//>`
      }
      ${job.priority !== 0 && html`<${Fact} name="Priority">${job.priority}<//>`}
      <${Fact} name="Created"><${Time} at=${job.created} exact /><//>
      ${
        job.schedule &&
        html`<${Fact} name="Schedule"><a class="mono" href=${address(['jobs'], { schedule: job.schedule })}
          title="Its jobs">…${job.schedule.slice(-6)}</a><//>`
      }
      ${job.scheduled && html`<${Fact} name="Meant for"><${Time} at=${job.scheduled} exact /><//>`}
      ${job.starttime && html`<${Fact} name="Started"><${Time} at=${job.starttime} exact /><//>`}
      ${job.stoptime && html`<${Fact} name="Ended"><${Time} at=${job.stoptime} exact /><//>`}
      ${job.starttime && html`<${Fact} name="Took"><${Took} job=${job} /><//>`}
      ${
        job.attempt > 1 &&
        html`<${Fact} name="Attempt"><a
          href=${address(['jobs', job.id], { pane: 'attempts' })}>${job.attempt}</a><//>`
      }
      ${job.exit_code !== null && html`<${Fact} name="Exit">${job.exit_code}<//>`}
      ${job.signal !== null && html`<${Fact} name="Signal">${job.signal}<//>`}
      ${
        job.pid !== null &&
        html`
        <${Fact} name="Process">${job.pid}${job.host && html` <span class="quiet">on ${job.host}</span>`}<//>`
      }
    </dl>`;
}

// Of its whole tree of processes. What the kernel did not count is null.
function Usage({ usage }) {
  const { cpu_user, cpu_system, max_rss, wall, bytes_read, bytes_written, switches, switches_forced } = usage;
  const { seconds, bytes, count } = kinds;
  const time = (number) => duration(Math.round(number * 1000));
  return html`
    <h2>Used</h2>
    <dl>
      <${Fact} name="CPU" exact=${`user ${seconds.exact(cpu_user)}, system ${seconds.exact(cpu_system)}`}>
        ${time(cpu_user + cpu_system)}${' '}
        <span class="quiet">${time(cpu_user)} user,</span>${' '}
        <span class="quiet">${time(cpu_system)} system</span><//>
      ${wall !== null && html`<${Fact} name="Time" exact=${seconds.exact(wall)}>${time(wall)}<//>`}
      <${Fact} name="Memory" exact=${bytes.exact(max_rss)}>
        ${size(max_rss)} <span class="quiet">at most</span><//>
      ${bytes_read !== null && html`<${Fact} name="Read" exact=${bytes.exact(bytes_read)}>${size(bytes_read)}<//>`}
      ${
        bytes_written !== null &&
        html`<${Fact} name="Written" exact=${bytes.exact(bytes_written)}>${size(bytes_written)}<//>`
      }
      ${
        switches !== null &&
        html`<${Fact} name="Switches">${count.exact(switches)}
          ${
            switches_forced !== null && html` <span class="quiet">and ${count.exact(switches_forced)} forced</span>`
          }<//>`
      }
    </dl>`;
}

function Limits({ job }) {
  const rows = told(job);
  if (rows.length === 0) return null;
  return html`
    <h2>Limits</h2>
    <dl>${rows.map(([label, text, exact]) => html`<${Fact} name=${label} exact=${exact}>${text}<//>`)}</dl>`;
}

const isTried = (job) => job.attempt > 1 || job.retries !== null;

function Pane({ job, pane, turn, attempt, me }) {
  if (pane === 'parameters')
    return html`<pre class="block" tabindex="0">${JSON.stringify(job.parameters || {}, null, 2)}</pre>`;
  if (pane === 'graph') return html`<${Graph} key=${job.id} job=${job} me=${me} turn=${turn} />`;
  if (pane === 'attempts') return html`<${Attempts} job=${job} turn=${turn} />`;
  const kind = pane === 'response' ? 'response' : 'log';
  // A response is that of the last attempt: another one begins anew.
  const key = `${kind}-${attempt || (kind === 'response' ? job.attempt : '')}`;
  return html`<${Entries} key=${key} job=${job} kind=${kind} turn=${turn} attempt=${attempt} />`;
}

function Retries({ retries }) {
  if (!retries) return null;
  return html`
    <h2>When it fails</h2>
    <dl>${toldOfRetries(retries).map(([label, text]) => html`<${Fact} name=${label}>${text}<//>`)}</dl>`;
}

function Panes({ job, pane, turn, attempt, me }) {
  const tab = (name, label, bytes) => html`
    <a href=${address(['jobs', job.id], { pane: name })} aria-current=${pane === name ? 'page' : undefined}
      data-testid=${`pane-${name}`}>
      ${label}${bytes !== null && html` <span class="count">${size(bytes)}</span>`}</a>`;
  return html`
    <nav class="tabs" aria-label="Parts of this job">
      ${tab('log', 'Log', job.log_size)}
      ${tab('response', 'Response', job.response_size)}
      ${tab('parameters', 'Parameters', null)}
      ${isTried(job) && tab('attempts', 'Attempts', null)}
      ${tab('graph', 'Chain', null)}
    </nav>
    <${Pane} job=${job} pane=${pane} turn=${turn} attempt=${attempt} me=${me} />`;
}

function Actions({ job, me, run, reload }) {
  return html`
    <div class="toolbar" role="toolbar" aria-label="What to do with this job">
      ${offered(me, [job]).map(
        ([name, action]) => html`
        <${Button} icon=${action.icon} data-testid=${name} onClick=${() => run(name)} disabled=${!action.fits(job)}
          kind=${action.danger ? 'danger-quiet' : name === 'start' && action.fits(job) ? 'primary' : ''}
          title=${action.fits(job) ? undefined : action.why}>${action.label}<//>`,
      )}
      ${
        may(me, 'POST /jobs') &&
        html`
        <${LinkButton} icon="again" href=${address(['create'], { worker: job.worker, like: job.id })}
          data-testid="again">Run again<//>`
      }
      <${Button} icon="reload" iconOnly="Reload" onClick=${reload} data-testid="reload" />
    </div>`;
}

export function Job({ id, me, pane, attempt }) {
  const [job, setJob] = useState(null);
  const [error, setError] = useState(null);
  const [turn, setTurn] = useState(0);
  const ask = useRef(poller());
  const running = job && (job.status === 'idle' || job.status === 'active');
  usePolling(
    async (signal) => {
      try {
        const answer = await ask.current(`jobs/${id}`, signal);
        if (answer) setJob(answer.data[0]);
        setError(null);
      } catch (problem) {
        if (!isQuiet(problem)) setError(problem);
        throw problem;
      }
    },
    !job || running ? POLL_MS : POLL_OVER_MS,
    [id, turn, me, running],
  );
  const word = job && (job.paused ? 'Paused' : job.waiting ? 'Waiting' : statusWords[job.status]);
  useTitle(job ? `${word}: ${job.name || job.worker}` : 'Job');

  const reload = () => {
    ask.current = poller();
    setTurn(turn + 1);
  };
  const show = (name) => goTo(address(['jobs', id], { pane: name }));
  const tried = job && isTried(job);
  useShortcuts({
    l: show('log'),
    o: show('response'),
    p: show('parameters'),
    a: tried && show('attempts'),
    h: show('graph'),
    r: reload,
    u: goTo('#/jobs'),
  });
  const run = async (name) => {
    const done = await act(name, [job]);
    if (!done) return;
    if (name === 'delete') location.hash = '#/jobs';
    else if (name === 'retry') location.hash = address(['jobs', done[0].job]);
    else reload();
  };

  if (error && error.status === 404)
    return html`<h1 class="hidden">Job</h1><${Empty} title="This job is gone"><a href="#/jobs">All jobs</a><//>`;
  if (!job) return error ? html`<${Notice}>${error.message}<//>` : null;
  return html`
    <div class="job">
      <p class="crumbs"><a href="#/jobs" data-testid="back"><${Icon} name="back" />Jobs</a></p>
      <div class="head">
        <h1>${job.name || job.worker}</h1><${Status} job=${job} />
        <span class="grow"></span>
        <${Actions} job=${job} me=${me} run=${run} reload=${reload} />
      </div>
      <div class="head-line">
        <span class="mono quiet">${job.id}</span>
        <${CopyButton} text=${id} what="the id" small kind="plain" iconOnly data-testid="copy-id" />
        <${Progress} job=${job} wide />
        ${job.status === 'active' && job.progress && html`<span class="quiet">${job.progress.message}</span>`}
      </div>
      ${error && error.status !== 0 && html`<${Notice}>${error.message}<//>`}
      <${Waiting} job=${job} />
      ${job.reason && html`<${Notice} kind=${job.status === 'error' ? 'error' : 'info'}>${job.reason}<//>`}
      <div class="job-columns">
        <div class="job-main"><${Panes} job=${job} pane=${pane} turn=${turn} attempt=${attempt} me=${me} /></div>
        <aside aria-label="Facts"><div class="facts">
          <${Facts} job=${job} />
          ${job.usage && html`<${Usage} usage=${job.usage} />`}
          <${Retries} retries=${job.retries} />
          <${Limits} job=${job} />
        </div></aside>
      </div>
    </div>`;
}
