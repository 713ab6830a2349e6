// The part of the form for a job that says when it runs, and how often it is tried again.
import { html, useEffect, useState } from './vendor/preact.js';
import { get } from './api.js';
import { Section, WishField, sentence } from './wishes.js';
import {
  NO_QUEUE,
  bodyOfPlan,
  conditions,
  faultsOfPlan,
  lineWishes,
  retryWishes,
  toldOfPlan,
  toldOfRetries,
} from './plan.js';
import { Button } from './ui.js';

const Fault = ({ text, otherwise }) => (text ? html`<span class="fault">${sentence(text)}</span>` : otherwise);

function QueueField({ wishes, presets, fault, setWish }) {
  const [queues, setQueues] = useState([]);
  useEffect(() => {
    get('queues?limit=1000')
      .then(({ data }) => setQueues(data.map((queue) => queue.name)))
      .catch(() => {});
  }, []);
  const { queue = '' } = wishes;
  const names = !queue || queue === NO_QUEUE || queues.includes(queue) ? queues : [...queues, queue];
  return html`
    <div class="field"><label for="job-queue">Queue</label>
      <select id="job-queue" value=${queue} onChange=${(event) => setWish('queue', event.target.value)}
        aria-invalid=${fault ? 'true' : undefined} aria-describedby="job-queue-help">
        <option value="">${presets?.queue ? `${presets.queue} (preset)` : 'None'}</option>
        ${presets?.queue && html`<option value=${NO_QUEUE}>None</option>`}
        ${names.filter((name) => name !== presets?.queue || name === queue).map(
          (name) => html`<option value=${name}>${name}</option>`,
        )}
      </select>
      <p class="help" id="job-queue-help"><${Fault} text=${fault}
        otherwise="Where it waits in line until there is room." /></p></div>`;
}

const TimeField = ({ wishes, fault, setWish }) => html`
  <div class="field"><label for="job-run_at">Not before</label>
    <input id="job-run_at" type="datetime-local" value=${wishes.run_at || ''}
      onInput=${(event) => setWish('run_at', event.target.value)} aria-invalid=${fault ? 'true' : undefined}
      aria-describedby="job-run_at-help" />
    <p class="help" id="job-run_at-help"><${Fault} text=${fault}
      otherwise="Your time. It is started then, if nothing else is in its way." /></p></div>`;

function AfterField({ rows, fault, onChange }) {
  const set = (i, part) => onChange(rows.map((row, at) => (at === i ? { ...row, ...part } : row)));
  return html`
    <fieldset class="field wide" aria-describedby="job-after-help"><legend>After other jobs</legend>
      ${rows.map(
        (row, i) => html`
        <div class="after-row" key=${i}>
          <input class="mono" value=${row.job} placeholder="Id of a job" maxlength="26" spellcheck="false"
            autocomplete="off" aria-label=${`Id of job ${i + 1} before it`} data-testid="after-job"
            aria-invalid=${fault ? 'true' : undefined} onInput=${(event) => set(i, { job: event.target.value })} />
          <select value=${row.on} aria-label=${`When job ${i + 1} before it`} data-testid="after-on"
            onChange=${(event) => set(i, { on: event.target.value })}>${Object.entries(conditions).map(
              ([value, words]) => html`<option value=${value}>${words}</option>`,
            )}</select>
          <${Button} icon="close" kind="plain" iconOnly=${`Not after job ${i + 1}`} data-testid="after-remove"
            onClick=${() => onChange(rows.filter((_, at) => at !== i))} />
        </div>`,
      )}
      <${Button} small icon="plus" onClick=${() => onChange([...rows, { job: '', on: 'done' }])}
        data-testid="after-add">Add a job<//>
      <p class="help" id="job-after-help"><${Fault} text=${fault}
        otherwise="It is started when all of them have ended so, and not at all when one has not." /></p>
    </fieldset>`;
}

const Fields = ({ fields, wishes, presets, faults, setWish }) =>
  Object.entries(fields).map(
    ([name, field]) => html`
    <${WishField} key=${name} name=${name} field=${field} text=${wishes[name] || ''} preset=${presets(name, field)}
      fault=${faults[name]} onText=${(next) => setWish(name, next)} />`,
  );

const some = (faults, names) => Object.fromEntries(Object.entries(faults).filter(([name]) => names.includes(name)));

// fixed: the schedule says when, and not the job.
export function PlanFields({ wishes, presets, faults, setWish, fixed }) {
  const understood = Object.keys(faultsOfPlan(wishes)).length === 0;
  const said = understood ? bodyOfPlan(wishes) : {};
  const when = some(faults, ['queue', 'run_at', 'after', ...Object.keys(lineWishes)]);
  const again = some(faults, Object.keys(retryWishes));
  const inLine = (name) => (name === 'slots' ? (presets?.slots ?? 1) : 0);
  const ofRetries = (name, field) => presets?.retries?.[name.replace('retry_', '')] ?? field.preset;
  return html`
    <${Section} title=${fixed ? 'Queue' : 'When it runs'} testid="plan" said=${toldOfPlan(said)}
      wrong=${Object.keys(when).length > 0}>
      <div class="limits">
        <${QueueField} wishes=${wishes} presets=${presets} fault=${faults.queue} setWish=${setWish} />
        <${Fields} fields=${lineWishes} wishes=${wishes} faults=${faults} setWish=${setWish} presets=${inLine} />
        ${!fixed && html`<${TimeField} wishes=${wishes} fault=${faults.run_at} setWish=${setWish} />`}
      </div>
      ${
        !fixed &&
        html`<${AfterField} rows=${wishes.after || []} fault=${faults.after}
        onChange=${(rows) => setWish('after', rows)} />`
      }
    <//>
    <${Section} title="When it fails" testid="retries" said=${toldOfRetries(said.retries)}
      wrong=${Object.keys(again).length > 0}
      help="Empty: as the worker says, or not tried again. Times are such as 90, 5 min or 2 h.">
      <div class="limits">
        <${Fields} fields=${retryWishes} wishes=${wishes} faults=${faults} setWish=${setWish} presets=${ofRetries} />
      </div>
    <//>`;
}
