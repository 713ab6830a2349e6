// The jobs that come before and after a job, as a picture that changes while they run.
import { html, useLayoutEffect, useRef, useState } from './vendor/preact.js';
import { isQuiet, poller } from './api.js';
import { isMet, layOut, sizes } from './graph_layout.js';
import { usePolling } from './polling.js';
import { may } from './roles.js';
import { address } from './route.js';
import { LinkButton, Notice, iconPath, statusWords } from './ui.js';

const POLL_MS = 1000;
const POLL_OVER_MS = 10000;

const titleOf = (job) => job.name || job.worker;
// In the graph's answer `waiting` is a word.
const isWaiting = (job) => job.status === 'idle' && Boolean(job.waiting);
const wordOf = (job) => (isWaiting(job) ? 'Waiting' : statusWords[job.status]);
const isOver = (job) => !['idle', 'active'].includes(job.status);

// -- lines --

// Curved between the layers, straight through them.
const pathOf = (points) =>
  points
    .map(([x, y], i) => {
      if (i === 0) return `M${x} ${y}`;
      const [fromX, fromY] = points[i - 1];
      if (fromY === y) return `L${x} ${y}`;
      const middle = (fromX + x) / 2;
      return `C${middle} ${fromY} ${middle} ${y} ${x} ${y}`;
    })
    .join('');

const looks = new Map([
  [true, 'met'],
  [false, 'missed'],
  [null, 'open'],
]);

function Edge({ edge }) {
  const { points, on } = edge;
  const [x, y] = points.at(-1);
  const [fromX, fromY] = points.at(-2);
  return html`
    <g class=${`edge ${looks.get(isMet(edge))}`}>
      <path class="way" d=${pathOf([...points.slice(0, -1), [x - 5, y]])} />
      <path class="head" d=${`M${x - 7} ${y - 4}L${x} ${y}L${x - 7} ${y + 4}Z`} />
      ${
        on !== 'done' &&
        html`<text x=${(fromX + x) / 2} y=${(fromY + y) / 2 - 4} text-anchor="middle">${
          on === 'ended' ? 'ended' : `on ${on}`
        }</text>`
      }
    </g>`;
}

// -- jobs --

const described = ({ job, before }) =>
  [
    titleOf(job),
    wordOf(job),
    job.name && job.worker,
    before.length > 0 && `after ${before.map((node) => titleOf(node.job)).join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ');

function Node({ node, current }) {
  const { job, x, y } = node;
  const { width, height } = sizes;
  const waits = isWaiting(job);
  return html`
    <a class=${`node node-${job.status} ${current ? 'current' : ''}`}
      href=${address(['jobs', job.id], { pane: 'graph' })}
      aria-label=${described(node)} aria-current=${current ? 'true' : undefined} data-job=${job.id}
      data-testid="graph-node">
      <title>${job.reason ? `${described(node)}; ${job.reason}` : described(node)}</title>
      <rect x=${x} y=${y} width=${width} height=${height} rx="8" />
      <svg x=${x + 10} y=${y + 11} width="14" height="14" viewBox="0 0 16 16" class=${`icon icon-${job.status}`}>
        <path d=${iconPath(waits ? 'clock' : job.status)} /></svg>
      <svg x=${x + 32} y=${y} width=${width - 40} height=${height}>
        <text class="title" x="0" y="23">${titleOf(job)}</text>
        <text class="more" x="0" y="42">${wordOf(job)}${job.name && ` · ${job.worker}`}</text>
      </svg>
    </a>`;
}

// Arrows go along the lines, and up and down within a layer.
function nextOf({ nodes }, id, key) {
  const node = nodes.find((each) => each.job.id === id);
  const row = node ? nodes.filter((each) => each.layer === node.layer) : [];
  const at = row.indexOf(node);
  const to = {
    ArrowRight: () => node.behind[0],
    ArrowLeft: () => node.before[0],
    ArrowDown: () => row[at + 1],
    ArrowUp: () => row[at - 1],
  }[key];
  return node && to ? to() : undefined;
}

function Picture({ picture, id }) {
  const box = useRef();
  // The job that is looked at may be far to the right.
  useLayoutEffect(() => {
    const node = picture.nodes.find((each) => each.job.id === id);
    if (!node) return;
    box.current.scrollLeft = node.x + sizes.width / 2 - box.current.clientWidth / 2;
    box.current.scrollTop = node.y + sizes.height / 2 - box.current.clientHeight / 2;
  }, [id]);
  const move = (event) => {
    const now = event.target.closest('[data-job]');
    const next = now && nextOf(picture, now.dataset.job, event.key);
    if (!next) return;
    event.preventDefault();
    box.current.querySelector(`[data-job="${next.job.id}"]`).focus();
  };
  const { width, height, nodes, edges } = picture;
  return html`
    <div class="graph" ref=${box} onKeyDown=${move}>
      <svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="group"
        aria-label="Jobs, from those that come first to those that come last">
        <g aria-hidden="true">${edges.map((edge) => html`<${Edge} edge=${edge} />`)}</g>
        ${nodes.map((node) => html`<${Node} key=${node.job.id} node=${node} current=${node.job.id === id} />`)}
      </svg>
    </div>`;
}

// "1 waiting, 2 done".
const words = ['Active', 'Waiting', 'Idle', 'Error', 'Stopped', 'Done'];
function summary(jobs) {
  const counts = new Map(words.map((word) => [word, 0]));
  for (const job of jobs) counts.set(wordOf(job), counts.get(wordOf(job)) + 1);
  return [...counts]
    .filter(([, count]) => count)
    .map(([word, count]) => `${count} ${word.toLowerCase()}`)
    .join(', ');
}

export function Graph({ job, me, turn }) {
  const [answer, setAnswer] = useState(null);
  const [error, setError] = useState('');
  const ask = useRef(poller());
  const running = !answer || answer.data.some((each) => !isOver(each));
  usePolling(
    async (signal) => {
      try {
        const next = await ask.current(`jobs/${job.id}/graph`, signal);
        if (next) setAnswer(next);
        setError('');
      } catch (problem) {
        if (!isQuiet(problem)) setError(problem.message);
        throw problem;
      }
    },
    running ? POLL_MS : POLL_OVER_MS,
    [job.id, running, turn],
  );
  if (!answer) return error ? html`<${Notice}>${error}<//>` : null;
  const jobs = answer.data;
  return html`
    <section class="viewer" aria-label="Chain">
      <div class="viewer-bar">
        <span class="quiet" role="status">${
          jobs.length === 1
            ? 'No job comes before or after this one.'
            : `${jobs.length} jobs: ${summary(jobs)}`
        }</span>
        <span class="grow"></span>
        ${
          may(me, 'POST /jobs') &&
          html`<${LinkButton} small icon="plus" href=${address(['create'], { worker: job.worker, after: job.id })}
            data-testid="job-after">Job after this one<//>`
        }
      </div>
      ${error && html`<${Notice}>${error}<//>`}
      ${!answer.complete && html`<${Notice} kind="info">There are more jobs than these: the first 500 are shown.<//>`}
      <${Picture} picture=${layOut(jobs)} id=${job.id} />
    </section>`;
}
