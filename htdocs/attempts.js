// The attempts of a job: how each one ended, and what it said.
import { html, useRef, useState } from './vendor/preact.js';
import { isQuiet, poller } from './api.js';
import { usePolling } from './polling.js';
import { address } from './route.js';
import { Time, Took } from './time.js';
import { LinkButton, Notice, Status } from './ui.js';
import { size } from './units.js';

const POLL_MS = 1000;
const POLL_OVER_MS = 10000;
const LIMIT = 1000; // of the API, and of attempts after the first

function Exit({ attempt: { exit_code, signal } }) {
  if (exit_code !== null) return exit_code;
  return signal === null ? html`<span class="quiet">–</span>` : `signal ${signal}`;
}

function Row({ job, attempt }) {
  const { attempt: number, log_size, response_size, reason } = attempt;
  const to = (pane) => address(['jobs', job.id], { pane, attempt: number });
  return html`
    <tr data-attempt=${number}>
      <td class="main"><span class="line-1"><b>Attempt ${number}</b><${Status} job=${attempt} /></span>
        ${reason && html`<span class="sub" title=${reason}>${reason}</span>`}</td>
      <td data-label="Started"><${Time} at=${attempt.starttime} /></td>
      <td data-label="Took" class="number"><${Took} job=${attempt} /></td>
      <td data-label="Exit" class="number"><${Exit} attempt=${attempt} /></td>
      <td class="actions">
        <${LinkButton} small icon="log" href=${to('log')} data-testid="attempt-log"
          aria-label=${`Log of attempt ${number}, ${size(log_size)}`}>Log${' '}
          <span class="count">${size(log_size)}</span><//>
        <${LinkButton} small icon="reply" href=${to('response')} data-testid="attempt-response"
          aria-label=${`Response of attempt ${number}, ${size(response_size)}`}>Response${' '}
          <span class="count">${size(response_size)}</span><//>
      </td>
    </tr>`;
}

export function Attempts({ job, turn }) {
  const [attempts, setAttempts] = useState(null);
  const [error, setError] = useState('');
  const ask = useRef(poller());
  const running = job.status === 'idle' || job.status === 'active';
  usePolling(
    async (signal) => {
      try {
        const answer = await ask.current(`jobs/${job.id}/attempts?limit=${LIMIT}`, signal);
        if (answer) setAttempts(answer.data);
        setError('');
      } catch (problem) {
        if (!isQuiet(problem)) setError(problem.message);
        throw problem;
      }
    },
    running ? POLL_MS : POLL_OVER_MS,
    [job.id, running, turn],
  );
  if (error) return html`<${Notice}>${error}<//>`;
  if (!attempts) return null;
  if (attempts.length === 0) return html`<p class="quiet">The job was not started yet.</p>`;
  return html`
    <div class="table-box"><table class="list labelled attempts">
      <thead><tr><th>Attempt</th><th>Started</th><th class="number">Took</th><th class="number">Exit</th>
        <th><span class="hidden">Log and response</span></th></tr></thead>
      <tbody>${attempts.map((attempt) => html`<${Row} key=${attempt.attempt} job=${job} attempt=${attempt} />`)}</tbody>
    </table></div>`;
}
