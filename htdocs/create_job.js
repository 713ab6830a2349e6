// Create a job: choose a worker, say the parameters in a form or as JSON, start it or not.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { call, get, isQuiet } from './api.js';
import { Editor } from './editor.js';
import { bodyOfWishes, faultsOfWishes, limitOf, limits, onLost, refusedWish, told, wishesLike } from './limits.js';
import { may } from './roles.js';
import { address, isJobId } from './route.js';
import { defaultsOf, faultsOf } from './schema.js';
import { SchemaForm, hasForm } from './schema_form.js';
import { focusOn, useShortcuts } from './shortcuts.js';
import { Button, Empty, Notice, Search, useTitle } from './ui.js';
import { kinds } from './units.js';

const sentence = (words) => `${words.replace(/^\w/, (c) => c.toUpperCase())}.`;
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

function Limit({ name, text, preset, fault, onText }) {
  const { label, kind, help } = limits[name];
  return html`
    <div class="field"><label for=${`job-${name}`}>${label}</label>
      <input id=${`job-${name}`} inputmode=${kind === kinds.count ? 'numeric' : undefined} autocomplete="off"
        placeholder=${preset === null ? undefined : preset ? kind.write(preset) : 'no limit'} value=${text}
        onInput=${(event) => onText(event.target.value)}
        aria-invalid=${fault ? 'true' : undefined} aria-describedby=${`job-${name}-help`} />
      <p class="help" id=${`job-${name}-help`}>${fault ? html`<span class="fault">${sentence(fault)}</span>` : help}</p>
    </div>`;
}

// What most jobs need not say. While it is closed it tells in a line what is said in it.
function Advanced({ wishes, presets, faults, setWish }) {
  const [open, setOpen] = useState(false);
  const wrong = Object.keys(faults).length > 0;
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  const said = Object.keys(faultsOfWishes(wishes)).length ? [] : told(bodyOfWishes(wishes));
  return html`
    <details class="advanced" open=${open || wrong} onToggle=${(event) => setOpen(event.currentTarget.open)}>
      <summary data-testid="advanced">Advanced${
        !open && said.length > 0 && html`: ${said.map(([label, text]) => `${label} ${text}`).join(', ')}`
      }</summary>
      <p class="help">Empty: as the worker says, or else the server. 0: no limit.
        Times are such as 90, 5 min or 2 h, sizes such as 512M or 1.5 GiB.</p>
      <div class="limits">
        ${Object.keys(limits).map(
          (name) => html`
          <${Limit} key=${name} name=${name} text=${wishes[name] || ''} preset=${limitOf(presets, name)}
            fault=${faults[name]} onText=${(next) => setWish(name, next)} />`,
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
    </details>`;
}

function Options({ name, setName, ...rest }) {
  return html`
    <fieldset class="card">
      <legend>Options</legend>
      <div class="field"><label for="job-name">Name</label>
        <input id="job-name" maxlength="200" autocomplete="off" value=${name}
          onInput=${(event) => setName(event.target.value)} aria-describedby="job-name-help" />
        <p class="help" id="job-name-help">To find it again. May be left out.</p></div>
      <${Advanced} ...${rest} />
    </fieldset>`;
}

export function CreateJob({ me, preset, like }) {
  const [workers, setWorkers] = useState(null);
  const [chosen, setChosen] = useState('');
  const [text, setText] = useState('{}');
  const [edition, setEdition] = useState(0); // of the text, where it was not typed
  const [way, setWay] = useState('form');
  const [name, setName] = useState('');
  const [wishes, setWishes] = useState({}); // { name: text }
  const [refusedWishes, setRefusedWishes] = useState({});
  const [error, setError] = useState('');
  const [refused, setRefused] = useState({});
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  useTitle('Create a job');
  useShortcuts({ '/': focusOn('[data-testid=worker-search]') });

  const worker = (workers || []).find((each) => each.name === chosen);
  const schema = worker && worker.parameters;
  const { value, fault } = readText(text);
  const badWishes = { ...(tried ? faultsOfWishes(wishes) : {}), ...refusedWishes };
  const faults = value ? { ...(tried ? faultsOf(schema, value) : {}), ...refused } : {};

  const fill = (next, list, parameters) => {
    const found = list.find((each) => each.name === next);
    setChosen(found ? next : '');
    setText(pretty(parameters || defaultsOf(found && found.parameters)));
    setEdition((n) => n + 1);
    setRefused({});
    setRefusedWishes({});
    setTried(false);
    setError('');
  };
  const begin = async () => {
    try {
      const { data } = await get('workers?limit=1000');
      setWorkers(data);
      if (chosen) return; // somebody signed in again: what was typed stays
      const job =
        isJobId(like) &&
        (await get(`jobs/${like}`)
          .then((answer) => answer.data[0])
          .catch(() => null)); // deleted meanwhile
      fill(
        preset && data.some((each) => each.name === preset) ? preset : (data[0] || {}).name,
        data,
        job && job.parameters,
      );
      if (job) {
        setName(job.name || '');
        setWishes(wishesLike(job, (data.find((each) => each.name === job.worker) || {}).options));
      }
    } catch (problem) {
      if (!isQuiet(problem)) setError(problem.message);
    }
  };
  useEffect(() => {
    begin();
  }, [me]);

  // What is wrong may be out of sight.
  useEffect(() => {
    const field = error && document.querySelector('form [aria-invalid=true]');
    if (field) field.focus();
  }, [error]);

  const create = async (start) => {
    setTried(true);
    setError('');
    setRefused({});
    setRefusedWishes({});
    if (fault) return;
    if (Object.keys({ ...faultsOfWishes(wishes), ...faultsOf(schema, value) }).length) {
      setError('Some of it is not right yet: see above.');
      return;
    }
    setBusy(true);
    try {
      const options = {
        ...(name.trim() && { name: name.trim() }),
        ...bodyOfWishes(wishes),
      };
      const {
        data: [made],
      } = await call('POST', 'jobs', { worker: chosen, parameters: value, start, ...options });
      location.hash = address(['jobs', made.id]);
    } catch (problem) {
      if (!isQuiet(problem)) {
        setError(problem.message);
        setRefused(refusals(problem.data));
        setRefusedWishes(problem.data.length === 0 ? refusedWish(problem.message) : {});
      }
      setBusy(false);
    }
  };

  if (workers && workers.length === 0)
    return html`<h1>Create a job</h1><${Empty} title="No workers yet" icon="workers">A job needs a worker.${' '}
      ${may(me, 'PUT /workers/:name') && html`<a href="#/create-worker">Create one.</a>`}<//>`;
  return html`
    <h1>Create a job</h1>
    ${
      workers &&
      chosen &&
      html`<form class="columns" novalidate onSubmit=${(event) => {
        event.preventDefault();
        create(true);
      }}>
      <${WorkerChoice} workers=${workers} chosen=${chosen} choose=${(next) => fill(next, workers)} />
      <div>
        ${worker && worker.description && html`<p class="lead">${worker.description}</p>`}
        <${Parameters} schema=${schema} text=${text} edition=${edition} way=${way} value=${value} fault=${fault}
          faults=${faults}
          setWay=${(next) => {
            setEdition(edition + 1);
            setWay(next);
          }} onText=${(next) => {
            setText(next);
            setRefused({});
          }} />
        <${Options} name=${name} setName=${setName} wishes=${wishes} presets=${worker && worker.options}
          faults=${badWishes}
          setWish=${(wish, next) => {
            setWishes({ ...wishes, [wish]: next });
            setRefusedWishes({});
          }} />
        ${error && html`<${Notice}>${error}<//>`}
        <div class="row end submit">
          <${Button} disabled=${busy} onClick=${() => create(false)} data-testid="create">Create<//>
          <${Button} type="submit" icon="play" kind="primary" disabled=${busy}
            data-testid="create-start">Create and start<//>
        </div>
      </div>
    </form>`
    }
    ${!workers && error && html`<${Notice}>${error}<//>`}`;
}
