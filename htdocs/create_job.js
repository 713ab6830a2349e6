// Create a job: choose a worker, say the parameters in a form or as JSON, start it or not.
import { html, useEffect, useState } from './vendor/preact.js';
import { call, get } from './api.js';
import { SchemaForm, defaultsOf, faultsOf, hasForm } from './schema_form.js';
import { Button, Empty, Icon, Notice } from './ui.js';

const pretty = (value) => JSON.stringify(value, null, 2);

function WorkerChoice({ workers, chosen, choose }) {
  const [text, setText] = useState('');
  const fitting = workers.filter((w) => `${w.name} ${w.description || ''}`.toLowerCase().includes(text.toLowerCase()));
  return html`
    <fieldset class="card">
      <legend>Worker</legend>
      ${workers.length > 6 && html`<label class="inline search"><span class="hidden">Search workers</span><${Icon} name="search" />
        <input type="search" placeholder="Search" value=${text} onInput=${(e) => setText(e.target.value)} data-testid="worker-search" /></label>`}
      <div class="choices">
        ${fitting.map((w) => html`
          <label class="choice"><input type="radio" name="worker" value=${w.name} checked=${w.name === chosen} onChange=${() => choose(w.name)} />
            <span><b>${w.name}</b> <span class="tag">${w.kind}</span><span class="sub">${w.description}</span></span></label>`)}
      </div>
    </fieldset>`;
}

// The text of the JSON editor as parameters, or what is wrong with it.
function readText(text) {
  if (text.trim() === '') return { value: {} };
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return { fault: 'Parameters are one JSON object: {…}' };
    return { value };
  } catch (error) {
    return { fault: error.message };
  }
}

export function CreateJob({ me, preset }) {
  const [workers, setWorkers] = useState(null);
  const [chosen, setChosen] = useState(preset || '');
  const [text, setText] = useState('{}');
  const [way, setWay] = useState('form');
  const [name, setName] = useState('');
  const [timeout, setTimeLimit] = useState('');
  const [error, setError] = useState('');
  const [refused, setRefused] = useState({});
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);

  const worker = (workers || []).find((w) => w.name === chosen);
  const schema = worker && worker.parameters;
  const { value, fault } = readText(text);
  const faults = value && schema ? { ...(tried ? faultsOf(schema, value) : {}), ...refused } : {};
  const formFits = hasForm(schema) && !fault;

  const choose = (next, list = workers) => {
    const found = list.find((w) => w.name === next);
    setChosen(next); setRefused({}); setTried(false); setError('');
    setText(pretty(defaultsOf(found && found.parameters)));
    setWay(found && hasForm(found.parameters) ? 'form' : 'json');
  };
  useEffect(() => {
    get('workers?limit=1000').then(({ data }) => {
      setWorkers(data);
      if (data.length) choose(data.some((w) => w.name === preset) ? preset : data[0].name, data);
    }).catch((problem) => setError(problem.message));
  }, [me]);

  const create = async (start) => {
    setTried(true); setError(''); setRefused({});
    if (fault) { setError(fault); return; }
    if (Object.keys(faultsOf(schema, value)).length) { setError('Some parameters are not right yet.'); return; }
    const job = { worker: chosen, parameters: value, start };
    if (name) job.name = name;
    if (timeout) job.timeout = Number(timeout);
    setBusy(true);
    try {
      const { data: [made] } = await call('POST', 'jobs', job);
      location.hash = `#/jobs/${made.id}`;
    } catch (problem) {
      setError(problem.message);
      setRefused(Object.fromEntries(problem.data.filter((d) => d.field).map((d) => [d.field.replace(/[.[].*$/, ''), d.message])));
      setBusy(false);
    }
  };

  if (workers && workers.length === 0) return html`<${Empty} title="No workers yet">A job needs a worker. <a href="#/create-worker">Create one.</a><//>`;
  return html`
    <h1>Create a job</h1>
    ${workers && html`<form class="columns" novalidate onSubmit=${(e) => { e.preventDefault(); create(true); }}>
      <${WorkerChoice} workers=${workers} chosen=${chosen} choose=${choose} />
      <div>
        <fieldset class="card">
          <legend>Parameters</legend>
          <div class="segments" role="group" aria-label="How to say the parameters">
            <button type="button" aria-pressed=${way === 'form'} disabled=${!hasForm(schema)} onClick=${() => setWay('form')} data-testid="as-form">Form</button>
            <button type="button" aria-pressed=${way === 'json'} onClick=${() => setWay('json')} data-testid="as-json">JSON</button>
          </div>
          ${way === 'form' && formFits
            ? html`<${SchemaForm} schema=${schema} value=${value} faults=${faults} onChange=${(next) => { setText(pretty(next)); setRefused({}); }} />`
            : html`<div class="field">
                <label for="parameters">Parameters as JSON</label>
                <textarea id="parameters" class="mono" rows="10" spellcheck="false" value=${text} aria-invalid=${fault ? 'true' : undefined}
                  onInput=${(e) => { setText(e.target.value); setRefused({}); }}></textarea>
                <p class="help">${fault ? html`<span class="fault">${fault}</span>` : Object.entries(faults).map(([field, f]) => html`<span class="fault">${field} ${f}. </span>`)}</p>
                ${schema && html`<details><summary>What this worker expects</summary><pre class="block" tabindex="0">${pretty(schema)}</pre></details>`}
              </div>`}
        </fieldset>
        <fieldset class="card">
          <legend>Options</legend>
          <div class="field"><label for="job-name">Name</label><input id="job-name" maxlength="200" value=${name} onInput=${(e) => setName(e.target.value)} />
            <p class="help">To find it again; may be left out.</p></div>
          <div class="field"><label for="job-timeout">Timeout in seconds</label><input id="job-timeout" type="number" min="0" step="any" value=${timeout} onInput=${(e) => setTimeLimit(e.target.value)} />
            <p class="help">Longer than that it is ended as an error. Empty: as the server has it set.</p></div>
        </fieldset>
        ${error && html`<${Notice}>${error}<//>`}
        <div class="row end">
          <${Button} disabled=${!chosen || busy} onClick=${() => create(false)} data-testid="create">Create<//>
          <button class="button primary" type="submit" disabled=${!chosen || busy} data-testid="create-start"><${Icon} name="play" /><span>Create and start</span></button>
        </div>
      </div>
    </form>`}
    ${!workers && error && html`<${Notice}>${error}<//>`}`;
}
