// One schedule: the form that makes or changes it.
import { html, useEffect, useState } from './vendor/preact.js';
import { call, get, isQuiet } from './api.js';
import { CronFields } from './cron_field.js';
import { JobForm, useFaultFocus, useJobForm } from './job_form.js';
import { wishesOf } from './limits.js';
import { planOf } from './plan.js';
import { may } from './roles.js';
import { defaultsOf } from './schema.js';
import { deleteSchedule, runNow } from './schedules.js';
import { focusOn, goTo, useShortcuts } from './shortcuts.js';
import { ownZone } from './time.js';
import { Button, Empty, Icon, Notice, toast, useTitle } from './ui.js';
import { kinds } from './units.js';
import { sentence } from './wishes.js';

const overlaps = {
  allow: ['Both run', 'Whatever still runs.'],
  skip: ['It is left out', 'Until a time at which the one before is over.'],
  queue: ['It waits', 'For the end of the one before.'],
};
const catchUps = {
  none: ['Nothing', 'Up to a minute late is not missed.'],
  last: ['The last one runs', 'Once, as soon as the machine is back.'],
  all: ['All of them run', 'One after another, the earliest first.'],
};

const DAY_S = 86400;
const blank = () => ({
  name: '',
  cron: '',
  zone: ownZone(),
  enabled: true,
  overlap: 'allow',
  catch_up: 'none',
  window: kinds.seconds.write(DAY_S),
  jitter: '',
});

const typed = (schedule) => ({
  ...Object.fromEntries(['cron', 'zone', 'enabled', 'overlap', 'catch_up'].map((name) => [name, schedule[name]])),
  name: schedule.name || '',
  window: kinds.seconds.write(schedule.window),
  jitter: schedule.jitter ? kinds.seconds.write(schedule.jitter) : '',
});

const seconds = (text) => (text.trim() === '' ? 0 : kinds.seconds.read(text));

// What cannot be understood, { name: sentence }.
function faultsOf(wanted) {
  const faults = {};
  if (!wanted.cron.trim()) faults.cron = 'says when, and is needed';
  if (!wanted.zone.trim()) faults.zone = 'is needed, such as UTC';
  for (const name of ['window', 'jitter'])
    if (Number.isNaN(seconds(wanted[name]))) faults[name] = `must be ${kinds.seconds.like}`;
  return faults;
}

// As the API takes it.
const bodyOf = (wanted, job) => ({
  name: wanted.name.trim() || null,
  cron: wanted.cron.trim(),
  zone: wanted.zone.trim(),
  enabled: wanted.enabled,
  overlap: wanted.overlap,
  catch_up: wanted.catch_up,
  window: seconds(wanted.window),
  jitter: seconds(wanted.jitter),
  job,
});

// What was changed here only: the rest may have been changed by somebody else, and what is named begins anew.
const changesOf = (body, schedule) =>
  Object.fromEntries(
    Object.entries(body).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(schedule[name])),
  );

// Which of its own fields the server's answer is about.
function refusedField({ code, message }) {
  if (code === 'cron_invalid') return 'cron';
  if (code === 'zone_unknown') return 'zone';
  const [, name] = (code === 'schedule_invalid' && message.match(/`(\w+)`/)) || [];
  return ['cron', 'zone', 'window', 'jitter', 'name'].includes(name) ? name : null;
}

function TextField({ name, label, help, wanted, faults, set, ...rest }) {
  const fault = faults[name];
  const id = `schedule-${name}`;
  return html`
    <div class="field"><label for=${id}>${label}</label>
      <input id=${id} value=${wanted[name]} onInput=${(event) => set(name, event.target.value)} autocomplete="off"
        aria-invalid=${fault ? 'true' : undefined} aria-describedby=${`${id}-help`} ...${rest} />
      <p class="help" id=${`${id}-help`}>${
        fault ? html`<span class="fault">${sentence(fault)}</span>` : help
      }</p></div>`;
}

const Choice = ({ name, legend, choices, wanted, set }) => html`
  <fieldset class="field"><legend>${legend}</legend>
    <div class="options-list">${Object.entries(choices).map(
      ([value, [words, more]]) => html`
      <label class="choice"><input type="radio" name=${name} value=${value} checked=${wanted[name] === value}
        onChange=${() => set(name, value)} /><span><b>${words}</b><span class="sub">${more}</span></span></label>`,
    )}</div></fieldset>`;

function When({ wanted, faults, set }) {
  const common = { wanted, faults, set };
  return html`
    <fieldset class="card"><legend>Schedule</legend>
      <${TextField} ...${common} name="name" label="Name" maxlength="200" help="To find it again. May be left out." />
      <${CronFields} cron=${wanted.cron} zone=${wanted.zone} setCron=${(next) => set('cron', next)}
        setZone=${(next) => set('zone', next)} faults=${faults} />
      <div class="pair">
        <${Choice} ...${common} name="overlap" legend="If the one before still runs" choices=${overlaps} />
        <${Choice} ...${common} name="catch_up" legend="Of times that were missed" choices=${catchUps} />
      </div>
      <div class="pair">
        <${TextField} ...${common} name="jitter" label="Jitter" placeholder="none"
          help="By which each time may be late, so that not everything starts at once." />
        ${
          wanted.catch_up !== 'none' &&
          html`<${TextField} ...${common} name="window" label="Missed no longer ago than"
            help="What is older is not caught up with." />`
        }
      </div>
      <label class="inline"><input type="checkbox" checked=${wanted.enabled}
        onChange=${(event) => set('enabled', event.target.checked)} data-testid="schedule-on" /> Enabled</label>
    </fieldset>`;
}

// What the form does not know of a job stays as it is.
const known = 'worker parameters name timeout limits on_lost retries queue slots priority'.split(' ');
const keptOf = (job) => Object.fromEntries(Object.entries(job || {}).filter(([name]) => !known.includes(name)));

function Actions({ schedule, me }) {
  return html`
    <div class="toolbar" role="toolbar" aria-label="What to do with this schedule">
      ${
        may(me, 'POST /jobs') &&
        html`<${Button} icon="play" onClick=${() => runNow(schedule)} data-testid="schedule-run">Run now<//>`
      }
      ${
        may(me, 'DELETE /schedules/:schedule') &&
        html`<${Button} icon="trash" kind="danger-quiet" data-testid="schedule-delete" onClick=${async () => {
          if (await deleteSchedule(schedule)) location.hash = '#/schedules';
        }}>Delete<//>`
      }
    </div>`;
}

// id: null: a new one.
export function Schedule({ me, id }) {
  const [workers, setWorkers] = useState(null);
  const [schedule, setSchedule] = useState(null);
  const [wanted, setWanted] = useState(blank);
  const [refused, setRefused] = useState({});
  const [tried, setTried] = useState(false);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const form = useJobForm(workers);
  const title = schedule ? schedule.name || schedule.worker : id ? 'Schedule' : 'New schedule';
  useTitle(title);
  useShortcuts({ u: goTo('#/schedules'), '/': focusOn('[data-testid=worker-search]') });

  const begin = async () => {
    try {
      const { data } = await get('workers?limit=1000');
      const found = id && (await get(`schedules/${id}`)).data[0];
      setWorkers(data);
      if (form.chosen) return; // somebody signed in again: what was typed stays
      if (!found) {
        form.choose((data[0] || {}).name, data);
        return;
      }
      const { job } = found;
      const schema = (data.find(({ name }) => name === job.worker) || {}).parameters;
      setSchedule(found);
      setWanted(typed(found));
      form.choose(job.worker, data, {
        // What is left out is filled in at its time, and so shown.
        parameters: { ...defaultsOf(schema), ...job.parameters },
        name: job.name || '',
        wishes: { ...wishesOf(job), ...planOf(job) },
      });
    } catch (problem) {
      if (!isQuiet(problem)) setError(problem);
    }
  };
  useEffect(() => {
    begin();
  }, [me]);
  useFaultFocus(error);

  const set = (name, value) => {
    setWanted((old) => ({ ...old, [name]: value }));
    setRefused({});
  };
  const save = async () => {
    setTried(true);
    setError(null);
    setRefused({});
    if (!form.check() || Object.keys(faultsOf(wanted)).length) {
      setError({ message: 'Some of it is not right yet: see above.' });
      return;
    }
    setBusy(true);
    try {
      const body = bodyOf(wanted, { ...keptOf(schedule && schedule.job), ...form.body() });
      if (schedule) await call('PUT', `schedules/${id}`, changesOf(body, schedule));
      else await call('POST', 'schedules', body);
      toast(schedule ? `Changed ${title}` : 'Created the schedule');
      location.hash = '#/schedules';
    } catch (problem) {
      if (!isQuiet(problem)) {
        const field = refusedField(problem);
        setError(problem);
        if (field) setRefused({ [field]: problem.message });
        else form.refuse(problem);
      }
    }
    setBusy(false);
  };

  if (error && error.status === 404)
    return html`<h1 class="hidden">Schedule</h1><${Empty} title="This schedule is gone" icon="calendar"><a
      href="#/schedules">All schedules</a><//>`;
  if (workers && workers.length === 0)
    return html`<h1>${title}</h1><${Empty} title="No workers yet" icon="workers">A job needs a worker.<//>`;
  const faults = { ...(tried ? faultsOf(wanted) : {}), ...refused };
  return html`
    <p class="crumbs"><a href="#/schedules" data-testid="back"><${Icon} name="back" />Schedules</a></p>
    <div class="head"><h1>${title}</h1><span class="grow"></span>
      ${schedule && html`<${Actions} schedule=${schedule} me=${me} />`}</div>
    ${schedule && !form.worker && html`<${Notice}>Its worker ${schedule.worker} is gone: choose another one.<//>`}
    ${
      workers &&
      (schedule || !id) &&
      html`
      <${JobForm} form=${form} workers=${workers} fixed nameHelp="Of its jobs. Empty: the name of the schedule."
        onSubmit=${save}
        before=${html`<${When} wanted=${wanted} faults=${faults} set=${set} />`}>
        ${error && html`<${Notice}>${error.message}<//>`}
        <div class="row end submit">
          <${Button} type="submit" kind="primary" disabled=${busy} data-testid="schedule-save">${
            schedule ? 'Save' : 'Create schedule'
          }<//>
        </div>
      <//>`
    }
    ${!workers && error && html`<${Notice}>${error.message}<//>`}`;
}
