// What a job waits for, in words: as a sentence with links, and in short for lists.
import { html } from './vendor/preact.js';
import { address } from './route.js';
import { Time } from './time.js';

const few = {
  slot: (job) => `waits for ${job.slots > 1 ? `${job.slots} slots` : 'a slot'} of ${job.queue}`,
  worker: () => 'waits until fewer jobs of its worker are active',
  time: () => 'waits for its time',
  retry: () => 'waits for its next attempt',
  job: () => 'waits for jobs before it',
};

// '' when it waits for nothing.
export const waitsFor = (job) => (job.waiting && few[job.waiting.for] ? few[job.waiting.for](job) : '');

const Position = ({ waiting }) => waiting.position !== null && html`, <b>position ${waiting.position}</b>`;

const JobLinks = ({ ids }) =>
  ids.map(
    (id, i) =>
      html`${i > 0 && ', '}<a class="mono" href=${address(['jobs', id])} title=${id}>…${id.slice(-6)}</a>`,
  );

const sentences = {
  slot: ({ job }) => html`Waits for ${job.slots > 1 ? `${job.slots} slots` : 'a slot'} of the queue <a
    href=${address(['jobs'], { queue: job.queue })}>${job.queue}</a><${Position} waiting=${job.waiting} />`,
  worker: ({ job }) => html`Waits until fewer jobs of <a
    href=${address(['jobs'], { worker: job.worker, status: 'active' })}>its worker</a> are active<${Position}
    waiting=${job.waiting} />`,
  time: ({ job }) => html`Waits for its time: <${Time} at=${job.waiting.until} exact />`,
  retry: ({ job }) =>
    html`Attempt ${job.attempt} failed. The next one begins <${Time} at=${job.waiting.until} exact />`,
  job: ({ job }) => html`Waits for jobs before it: <${JobLinks}
    ids=${job.after.filter((each) => each.status === null).map((each) => each.job)} />`,
};

export function Waiting({ job }) {
  const Sentence = job.waiting && sentences[job.waiting.for];
  if (!Sentence) return null;
  return html`<div class="notice info waiting" role="status"><div><${Sentence} job=${job} /></div></div>`;
}
