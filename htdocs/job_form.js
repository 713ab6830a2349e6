// The form that says what is to be run: a worker, its parameters in a form or as JSON, and what the job may use. For
// jobs that are made now, and for those of a schedule.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { Editor } from './editor.js';
import { bodyOfWishes, faultsOfWishes, limitOf, limits, onLost, refusedWish, told } from './limits.js';
import { bodyOfPlan, faultsOfPlan, refusedPlan } from './plan.js';
import { PlanFields } from './plan_form.js';
import { defaultsOf, faultsOf } from './schema.js';
import { SchemaForm, hasForm } from './schema_form.js';
import { Search } from './ui.js';
import { Section, WishField, sentence } from './wishes.js';

const pretty = (value) => JSON.stringify(value, null, 2);

function WorkerChoice({ workers, chosen, choose }) {
  const [text, setText] = useState('');
  const list = useRef();
  // The one that the address names may be far down.
  useEffect(() => {
    const input = list.current.querySelector(':checked');
    if (input) list.current.scrollTop = input.offsetTop - list.current.offsetTop - list.current.clientHeight / 2;
  }, []);
  const fitting = workers.filter((worker) =>
    `${worker.name} ${worker.kind} ${worker.description || ''}`.toLowerCase().includes(text.toLowerCase()),
  );
  return html`
    <fieldset class="card worker-choice">
      <legend>Worker</legend>
      <${Search} label="Search workers" placeholder="Search" value=${text} onText=${setText}
        data-testid="worker-search" />
      <div class="choices" ref=${list}>
        ${fitting.map(
          (worker) => html`
          <label key=${worker.name} class="choice"><input type="radio" name="worker" value=${worker.name}
            checked=${worker.name === chosen} onChange=${() => choose(worker.name)} />
            <span><b>${worker.name}</b> <span class="tag">${worker.kind}</span><span
              class="sub">${worker.description}</span></span></label>`,
        )}
        ${fitting.length === 0 && html`<p class="quiet">No worker fits.</p>`}
      </div>
    </fieldset>`;
}

// The text of the JSON editor as parameters, or what is wrong with it.
function readText(text) {
  if (text.trim() === '') return { value: {} };
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      return { fault: 'Parameters are one JSON object: {…}' };
    return { value };
  } catch (error) {
    return { fault: `This is not JSON: ${error.message}` };
  }
}

// "items[2].name" belongs to the field `items`, and says so.
function refusals(data) {
  return Object.fromEntries(
    data
      .filter(({ field }) => field)
      .map(({ field, message }) => {
        const [, name, place] = field.match(/^([^.[]*)(.*)$/);
        return [name, place ? `${place} ${message}` : message];
      }),
  );
}

function Parameters({ schema, text, edition, way, setWay, faults, fault, value, onText }) {
  const form = hasForm(schema);
  const asForm = way === 'form' && form && !fault;
  return html`
    <fieldset class="card">
      <legend>Parameters</legend>
      <div class="segments" role="group" aria-label="How to say the parameters">
        <button type="button" aria-pressed=${asForm} disabled=${!form || Boolean(fault)}
          onClick=${() => setWay('form')} data-testid="as-form"
          title=${
            fault ? 'First mend the JSON' : form ? undefined : 'This worker does not describe its parameters'
          }>Form</button>
        <button type="button" aria-pressed=${!asForm} onClick=${() => setWay('json')}
          data-testid="as-json">JSON</button>
      </div>
      ${
        asForm
          ? html`<${SchemaForm} schema=${schema} value=${value} faults=${faults}
            onChange=${(next) => onText(pretty(next))} />`
          : html`<div class="field wide">
            <${Editor} key=${edition} code=${text} language="json" label="Parameters as JSON" kind="small"
              onChange=${onText} />
            ${fault && html`<p class="fault" role="alert">${fault}</p>`}
            ${Object.entries(faults).map(
              ([field, message]) => html`<p key=${field}
              class="fault"><code>${field}</code> ${message}</p>`,
            )}
            ${
              schema &&
              html`<details><summary data-testid="schema">What this worker expects</summary><pre class="block"
                tabindex="0">${pretty(schema)}</pre></details>`
            }
          </div>`
      }
    </fieldset>`;
}

// What most jobs need not say.
function Advanced({ wishes, presets, faults, setWish }) {
  const names = [...Object.keys(limits), 'on_lost'];
  const wrong = Object.keys(faults).some((name) => names.includes(name));
  const said = Object.keys(faultsOfWishes(wishes)).length ? [] : told(bodyOfWishes(wishes));
  // What is 0 is no limit, as a preset too.
  const words = (kind) => ({ ...kind, write: (value) => (value ? kind.write(value) : 'no limit') });
  return html`
    <${Section} title="Advanced" testid="advanced" said=${said} wrong=${wrong}
      help="Empty: as the worker says, or else the server. 0: no limit.
        Times are such as 90, 5 min or 2 h, sizes such as 512M or 1.5 GiB.">
      <div class="limits">
        ${Object.entries(limits).map(
          ([name, field]) => html`
          <${WishField} key=${name} name=${name} field=${{ ...field, kind: words(field.kind) }}
            text=${wishes[name] || ''} preset=${limitOf(presets, name)} fault=${faults[name]}
            onText=${(next) => setWish(name, next)} />`,
        )}
        <div class="field"><label for="job-on_lost">When it is lost</label>
          <select id="job-on_lost" value=${wishes.on_lost || ''}
            onChange=${(event) => setWish('on_lost', event.target.value)}
            aria-invalid=${faults.on_lost ? 'true' : undefined} aria-describedby="job-on_lost-help">
            <option value="">It ${onLost[presets?.on_lost || 'fail']} (preset)</option>
            ${Object.entries(onLost).map(([action, words]) => html`<option value=${action}>It ${words}</option>`)}
          </select>
          <p class="help" id="job-on_lost-help">${
            faults.on_lost
              ? html`<span class="fault">${sentence(faults.on_lost)}</span>`
              : 'After a restart of the machine, for example.'
          }</p></div>
      </div>
    <//>`;
}

function Options({ name, setName, nameHelp, fixed, ...rest }) {
  return html`
    <fieldset class="card">
      <legend>Options</legend>
      <div class="field"><label for="job-name">Name</label>
        <input id="job-name" maxlength="200" autocomplete="off" value=${name}
          onInput=${(event) => setName(event.target.value)} aria-describedby="job-name-help" />
        <p class="help" id="job-name-help">${nameHelp}</p></div>
      <${PlanFields} fixed=${fixed} ...${rest} />
      <${Advanced} ...${rest} />
    </fieldset>`;
}

// What was typed, and what is wrong with it.
export function useJobForm(workers) {
  const [chosen, setChosen] = useState('');
  const [text, setText] = useState('{}');
  const [edition, setEdition] = useState(0); // of the text, where it was not typed
  const [way, setWay] = useState('form');
  const [name, setName] = useState('');
  const [wishes, setWishes] = useState({}); // { name: text }
  const [refusedWishes, setRefusedWishes] = useState({});
  const [refused, setRefused] = useState({});
  const [tried, setTried] = useState(false);

  const worker = (workers || []).find((each) => each.name === chosen);
  const schema = worker && worker.parameters;
  const { value, fault } = readText(text);
  const badWishes = { ...faultsOfWishes(wishes), ...faultsOfPlan(wishes) };
  const isRight = () => !fault && Object.keys({ ...badWishes, ...faultsOf(schema, value) }).length === 0;
  const forget = () => {
    setRefused({});
    setRefusedWishes({});
  };
  return {
    chosen,
    worker,
    schema,
    text,
    edition,
    way,
    name,
    wishes,
    value,
    fault,
    faults: value ? { ...(tried ? faultsOf(schema, value) : {}), ...refused } : {},
    badWishes: { ...(tried ? badWishes : {}), ...refusedWishes },
    setName,
    // list: of workers, where it is not there yet. more: { parameters, name, wishes }.
    choose: (next, list = workers, more = {}) => {
      const found = list.find((each) => each.name === next);
      setChosen(found ? next : '');
      setText(pretty(more.parameters || defaultsOf(found && found.parameters)));
      setEdition((n) => n + 1);
      if (more.name !== undefined) setName(more.name);
      if (more.wishes) setWishes(more.wishes);
      forget();
      setTried(false);
    },
    setWay: (next) => {
      setEdition(edition + 1);
      setWay(next);
    },
    setText: (next) => {
      setText(next);
      setRefused({});
    },
    setWish: (wish, next) => {
      setWishes({ ...wishes, [wish]: next });
      setRefusedWishes({});
    },
    // Before it is sent: from now on what is wrong is shown.
    check: () => {
      setTried(true);
      forget();
      return isRight();
    },
    body: () => ({
      worker: chosen,
      parameters: value,
      ...(name.trim() && { name: name.trim() }),
      ...bodyOfWishes(wishes),
      ...bodyOfPlan(wishes),
    }),
    refuse: (problem) => {
      setRefused(refusals(problem.data));
      setRefusedWishes(
        problem.data.length ? {} : { ...refusedPlan(problem.message), ...refusedWish(problem.message) },
      );
    },
  };
}

// nameHelp: what the name is for. fixed: when it runs is said elsewhere. before: what stands above the rest.
// children: what stands below it.
export function JobForm({ form, workers, nameHelp, fixed, onSubmit, before, children }) {
  const { worker } = form;
  return html`
    <form class="columns" novalidate onSubmit=${(event) => {
      event.preventDefault();
      onSubmit();
    }}>
      <${WorkerChoice} workers=${workers} chosen=${form.chosen} choose=${(next) => form.choose(next)} />
      <div>
        ${before}
        ${worker && worker.description && html`<p class="lead">${worker.description}</p>`}
        <${Parameters} schema=${form.schema} text=${form.text} edition=${form.edition} way=${form.way}
          value=${form.value} fault=${form.fault} faults=${form.faults} setWay=${form.setWay}
          onText=${form.setText} />
        <${Options} name=${form.name} setName=${form.setName} nameHelp=${nameHelp} fixed=${fixed}
          wishes=${form.wishes} presets=${worker && worker.options} faults=${form.badWishes}
          setWish=${form.setWish} />
        ${children}
      </div>
    </form>`;
}

// What is wrong may be out of sight.
export function useFaultFocus(error) {
  useEffect(() => {
    const field = error && document.querySelector('form [aria-invalid=true]');
    if (field) field.focus();
  }, [error]);
}
