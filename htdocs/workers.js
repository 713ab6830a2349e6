// Manage workers: the list, one worker's code, a new worker.
import { html, useEffect, useState } from './vendor/preact.js';
import { call, get, getCode, putCode } from './api.js';
import { Editor, languageOf } from './editor.js';
import { may } from './roles.js';
import { guardLeaving } from './route.js';
import { templates } from './templates.js';
import { Button, Empty, Icon, Notice, Time, confirm, size, toast } from './ui.js';

async function deleteWorker(name) {
  const sure = await confirm({ title: `Delete worker ${name}?`, action: 'Delete', danger: true,
    text: 'It is gone from the list. Jobs that run keep running; jobs that wait for their start will fail.' });
  if (!sure) return false;
  try {
    await call('DELETE', `workers/${name}`);
    toast(`Deleted ${name}.`);
    return true;
  } catch (problem) {
    toast(problem.message, 'error');
    return false;
  }
}

export function Workers({ me }) {
  const [workers, setWorkers] = useState(null);
  const [error, setError] = useState('');
  const load = () => get('workers?limit=1000').then(({ data }) => { setWorkers(data); setError(''); }).catch((problem) => setError(problem.message));
  useEffect(() => { load(); }, [me]);
  return html`
    <h1>Workers</h1>
    <div class="toolbar" role="toolbar" aria-label="Workers">
      <${Button} icon="reload" onClick=${load} data-testid="reload">Reload<//>
      <span class="grow"></span>
      ${may(me, 'developer') && html`<a class="button primary" href="#/create-worker" data-testid="new-worker"><${Icon} name="plus" /><span>New worker</span></a>`}
    </div>
    ${error && html`<${Notice}>${error}<//>`}
    ${workers && workers.length === 0 && html`<${Empty} title="No workers yet">A worker is the code that does a job. ${may(me, 'developer') && html`<a href="#/create-worker">Create the first one.</a>`}<//>`}
    ${workers && workers.length > 0 && html`
      <div class="table-box"><table class="list">
        <thead><tr><th>Worker</th><th>Kind</th><th class="number">Version</th><th class="number">Size</th><th>Modified</th><th><span class="hidden">Actions</span></th></tr></thead>
        <tbody>${workers.map((w) => html`
          <tr key=${w.name} data-worker=${w.name}>
            <td class="main"><a href=${`#/workers/${w.name}`}>${w.name}</a><span class="sub">${w.description}</span></td>
            <td data-label="Kind"><span class="tag">${w.kind}</span></td>
            <td data-label="Version" class="number">${w.version}</td>
            <td data-label="Size" class="number">${size(w.size)}</td>
            <td data-label="Modified"><${Time} at=${w.modified} /></td>
            <td class="actions">
              ${may(me, 'operator') && html`<a class="button small" href=${`#/create?worker=${w.name}`} data-testid=${`job-of-${w.name}`}><${Icon} name="play" /><span>New job</span></a>`}
              <a class="button small" href=${`#/workers/${w.name}`} data-testid=${`code-of-${w.name}`}><${Icon} name="code" /><span>Code</span></a>
              ${may(me, 'developer') && html`<${Button} small icon="trash" kind="danger-quiet" iconOnly=${`Delete ${w.name}`} data-testid=${`delete-${w.name}`}
                onClick=${async () => { if (await deleteWorker(w.name)) load(); }} />`}
            </td>
          </tr>`)}</tbody>
      </table></div>`}`;
}

function Complaints({ complaints, message }) {
  return html`
    <${Notice}><b>${message}</b>
      ${complaints.length > 0 && html`<ul class="complaints">${complaints.map((c) => html`
        <li><span class="mono">${c.line}:${c.column}</span> <span class=${`severity ${c.severity}`}>${c.severity}</span> ${c.message}</li>`)}</ul>`}
    <//>`;
}

// Leaving with unsaved text is asked for, whichever way one leaves.
function useUnsaved(unsaved) {
  useEffect(() => {
    if (!unsaved) { guardLeaving(null); return undefined; }
    guardLeaving(() => confirm({ title: 'Leave without saving?', text: 'What you changed in the code is lost then.', action: 'Leave', danger: true }));
    const warn = (event) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => { guardLeaving(null); window.removeEventListener('beforeunload', warn); };
  }, [unsaved]);
}

export function Worker({ name, me }) {
  const [info, setInfo] = useState(null);
  const [saved, setSaved] = useState(null); // { text, tag }
  const [text, setText] = useState('');
  const [edition, setEdition] = useState(0);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const changes = saved !== null && text !== saved.text;
  useUnsaved(changes);

  const load = async () => {
    try {
      const [{ data: [worker] }, code] = await Promise.all([get(`workers/${name}`), getCode(name)]);
      setInfo(worker); setSaved(code); setText(code.text); setProblem(null); setEdition((n) => n + 1);
    } catch (error) {
      setProblem(error);
    }
  };
  useEffect(() => { if (!changes) load(); }, [name, me]);

  const save = async (tag = saved.tag) => {
    if (busy) return;
    setBusy(true);
    try {
      const { tag: newTag, worker } = await putCode(name, text, tag);
      setSaved({ text, tag: newTag }); setInfo(worker); setProblem(null);
      toast(`Saved as version ${worker.version}.`);
    } catch (error) {
      setProblem(error.status === 412 ? null : error);
      if (error.status === 412) await settleConflict();
    }
    setBusy(false);
  };
  const settleConflict = async () => {
    const answer = await confirm({ title: 'Somebody else changed this worker', action: 'Overwrite theirs', danger: true,
      text: 'Since you opened it, another version was saved. You can load theirs and lose what you typed, or save yours over it.',
      choices: [{ label: 'Load theirs', value: 'theirs', testid: 'load-theirs' }] });
    setBusy(false);
    if (answer === 'theirs') await load();
    else if (answer) await save(undefined);
  };

  if (problem && problem.status === 404) return html`<${Empty} title="There is no such worker"><a href="#/workers">All workers</a><//>`;
  if (!saved) return problem ? html`<${Notice}>${problem.message}<//>` : null;
  const complaints = problem ? problem.data : [];
  return html`
    <p class="crumbs"><a href="#/workers" data-testid="back"><${Icon} name="back" />Workers</a></p>
    <div class="head"><h1>${name}</h1><span class="tag">${info.kind}</span><span class="quiet">version ${info.version}, <${Time} at=${info.modified} /> by ${info.author}</span></div>
    ${info.description && html`<p class="lead">${info.description}</p>`}
    <div class="toolbar" role="toolbar" aria-label="This worker">
      ${may(me, 'developer') && html`<${Button} kind="primary" disabled=${!changes || busy} onClick=${() => save()} data-testid="save" title="Ctrl-S">Save<//>`}
      ${may(me, 'developer') && html`<${Button} disabled=${!changes} onClick=${load} data-testid="revert">Revert<//>`}
      ${may(me, 'operator') && html`<a class="button" href=${`#/create?worker=${name}`} data-testid="new-job"><${Icon} name="play" /><span>New job</span></a>`}
      <span class="quiet grow" role="status">${changes ? 'Not saved yet' : ''}</span>
      ${may(me, 'developer') && html`<${Button} icon="trash" kind="danger-quiet" data-testid="delete"
        onClick=${async () => { if (await deleteWorker(name)) { guardLeaving(null); location.hash = '#/workers'; } }}>Delete<//>`}
    </div>
    ${problem && html`<${Complaints} complaints=${complaints} message=${problem.message} />`}
    <${Editor} key=${edition} code=${saved.text} language=${languageOf(text)} readOnly=${!may(me, 'developer')} complaints=${complaints}
      onChange=${setText} onSave=${() => changes && save()} label=${`Code of ${name}`} />`;
}

export function CreateWorker({ me }) {
  const [name, setName] = useState('');
  const [kind, setKind] = useState('sh');
  const [text, setText] = useState(templates.find((t) => t.kind === 'sh').code(''));
  const [edition, setEdition] = useState(0);
  const [touched, setTouched] = useState(false);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const nameFits = /^[A-Za-z0-9_-]{1,64}$/.test(name);
  useUnsaved(touched);

  const fill = (next, called) => {
    setText(templates.find((t) => t.kind === next).code(called)); setEdition(edition + 1); setTouched(false); setProblem(null);
  };
  const choose = async (next) => {
    if (touched && !(await confirm({ title: 'Begin anew?', text: 'The template replaces what you typed.', action: 'Replace', danger: true }))) return;
    setKind(next); fill(next, name);
  };
  // A class in PHP is called as its worker is: the template follows the name until somebody types in it.
  const rename = (next) => { setName(next); if (!touched && kind === 'php') fill(kind, next); };
  const save = async () => {
    if (!nameFits || busy) return;
    setBusy(true);
    try {
      await putCode(name, text, null);
      guardLeaving(null);
      toast(`Created ${name}.`);
      location.hash = `#/workers/${name}`;
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return html`
    <h1>Create a worker</h1>
    <div class="worker-head">
      <div class="field"><label for="worker-name">Name</label>
        <input id="worker-name" value=${name} onInput=${(e) => rename(e.target.value)} autocomplete="off" spellcheck="false" maxlength="64"
          aria-invalid=${name && !nameFits ? 'true' : undefined} aria-describedby="worker-name-help" />
        <p class="help" id="worker-name-help">${name && !nameFits ? html`<span class="fault">Letters, digits, _ and - only.</span>` : 'Letters, digits, _ and -.'}</p></div>
      <div class="field"><span class="label" id="kind-label">Language</span>
        <div class="segments" role="group" aria-labelledby="kind-label">
          ${templates.map((t) => html`<button type="button" aria-pressed=${kind === t.kind} onClick=${() => choose(t.kind)} data-testid=${`kind-${t.kind}`}>${t.label}</button>`)}
        </div></div>
      <${Button} kind="primary" disabled=${!nameFits || busy} onClick=${save} data-testid="save" title="Ctrl-S">Create worker<//>
    </div>
    ${problem && html`<${Complaints} complaints=${problem.data} message=${problem.message} />`}
    <${Editor} key=${edition} code=${text} language=${languageOf(text)} complaints=${problem ? problem.data : []}
      onChange=${(next) => { setText(next); setTouched(true); }} onSave=${save} label="Code of the new worker" />`;
}
