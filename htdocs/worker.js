// One worker: what it says of itself, and its code.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { get, getCode, isQuiet, putCode } from './api.js';
import { Editor, languageOf } from './editor.js';
import { told } from './limits.js';
import { toldOfPlan, toldOfRetries } from './plan.js';
import { may } from './roles.js';
import { address, guardLeaving } from './route.js';
import { isRequired, propertiesOf, typeOf } from './schema.js';
import { goTo, useShortcuts } from './shortcuts.js';
import { Time } from './time.js';
import { Button, Empty, Icon, LinkButton, Notice, confirm, toast, useTitle } from './ui.js';
import { size } from './units.js';
import { Complaints, useUnsaved } from './worker_code.js';
import { deleteWorker } from './workers.js';

function ParameterList({ schema }) {
  const properties = propertiesOf(schema);
  if (properties.length === 0) return null;
  const limits = (property) =>
    [
      property.default !== undefined && `default ${JSON.stringify(property.default)}`,
      property.enum && property.enum.map((choice) => JSON.stringify(choice)).join(' | '),
      property.minimum !== undefined && `at least ${property.minimum}`,
      property.maximum !== undefined && `at most ${property.maximum}`,
    ]
      .filter(Boolean)
      .join(', ');
  return html`
    <details class="parameters"><summary
      data-testid="parameters">${properties.length} ${properties.length === 1 ? 'parameter' : 'parameters'}</summary>
      <dl>${properties.map(
        ([name, property]) => html`
        <div><dt><code>${name}</code> <span
          class="quiet">${typeOf(property)}${isRequired(schema, name) ? ', required' : ''}</span></dt>
          <dd>${property.description || property.title} <span class="quiet">${limits(property)}</span></dd></div>`,
      )}</dl>
    </details>`;
}

// What it wants of each of its jobs, where they do not say otherwise.
function OptionList({ options }) {
  const rows = [...told(options), ...toldOfPlan(options), ...toldOfRetries(options?.retries)];
  if (rows.length === 0) return null;
  return html`
    <dl class="options" aria-label="Options">${rows.map(
      ([label, text, exact]) => html`<div><dt>${label}</dt><dd title=${exact}>${text}</dd></div>`,
    )}</dl>`;
}

const ANY = ''; // whatever version is there now
const none = [];

export function Worker({ name, me }) {
  const [info, setInfo] = useState(null);
  const [saved, setSaved] = useState(null); // { text, tag, exact }
  const [text, setText] = useState('');
  const [edition, setEdition] = useState(0);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const editor = useRef(null);
  const changes = saved !== null && text !== saved.text;
  useUnsaved(changes);
  useTitle(changes ? `● ${name}` : name);
  useShortcuts({ u: goTo('#/workers') });

  const load = async () => {
    try {
      const [
        {
          data: [worker],
        },
        code,
      ] = await Promise.all([get(`workers/${name}`), getCode(name)]);
      setInfo(worker);
      setSaved(code);
      setText(code.text);
      setProblem(null);
      setEdition((n) => n + 1);
    } catch (error) {
      if (!isQuiet(error)) setProblem(error);
    }
  };
  // Again after somebody signed in, but for what was typed and for a view that has all that it needs.
  useEffect(() => {
    if (!saved) load();
  }, [name, me]);

  const save = async (tag = saved.tag) => {
    if (busy) return;
    setBusy(true);
    try {
      const { tag: newTag, worker } = await putCode(name, text, tag);
      setSaved({ text, tag: newTag, exact: true });
      setInfo(worker);
      setProblem(null);
      toast(`Saved as version ${worker.version}`);
    } catch (error) {
      if (error.status === 412) settleConflict();
      else if (!isQuiet(error)) setProblem(error);
    }
    setBusy(false);
  };
  const settleConflict = async () => {
    setProblem(null);
    const answer = await confirm({
      title: 'Somebody else changed this worker',
      action: 'Overwrite theirs',
      danger: true,
      text:
        'Since you opened it, another version was saved. ' +
        'You can load theirs and lose what you typed, or save yours over it.',
      choices: [{ label: 'Load theirs', value: 'theirs', testid: 'load-theirs' }],
    });
    if (answer === 'theirs') await load();
    else if (answer) await save(ANY);
  };
  const remove = async () => {
    if (!(await deleteWorker(name))) return;
    guardLeaving(null);
    location.hash = '#/workers';
  };

  if (problem && problem.status === 404)
    return html`<h1 class="hidden">Worker</h1><${Empty} title="There is no such worker" icon="workers"><a
      href="#/workers">All workers</a><//>`;
  if (!saved) return problem ? html`<${Notice}>${problem.message}<//>` : null;
  const writes = may(me, 'PUT /workers/:name');
  const edits = writes && saved.exact;
  return html`
    <div class="worker">
      <p class="crumbs"><a href="#/workers" data-testid="back"><${Icon} name="back" />Workers</a></p>
      <div class="head"><h1>${name}</h1><span class="tag">${info.kind}</span>
        <span class="grow quiet" role="status">${changes ? 'Not saved yet' : ''}</span>
        <div class="toolbar" role="toolbar" aria-label="What to do with this worker">
          ${
            writes &&
            html`<${Button} kind="primary" disabled=${!changes || busy} onClick=${() => save()} data-testid="save"
              title="Ctrl S">Save<//>
            <${Button} disabled=${!changes} onClick=${load} data-testid="revert">Revert<//>`
          }
          ${
            may(me, 'POST /jobs') &&
            html`<${LinkButton} icon="play" href=${address(['create'], { worker: name })}
              data-testid="new-job">New job<//>`
          }
          ${
            may(me, 'DELETE /workers/:name') &&
            html`<${Button} icon="trash" kind="danger-quiet" data-testid="delete" onClick=${remove}>Delete<//>`
          }
        </div>
      </div>
      <p class="quiet">${info.description && html`<span class="lead">${info.description}</span><br />`}
        Version ${info.version}, ${size(info.size)}, saved <${Time}
          at=${info.modified} />${info.author && ` by ${info.author}`}</p>
      <${OptionList} options=${info.options} />
      <${ParameterList} schema=${info.parameters} />
      ${
        problem &&
        html`<${Complaints} problem=${problem}
          goTo=${(line, column) => editor.current && editor.current.goTo(line, column)} />`
      }
      ${
        writes &&
        !edits &&
        html`<${Notice} kind="info">This code is not UTF-8, so it can be looked at here, but not changed.<//>`
      }
      <${Editor} key=${edition} code=${saved.text} language=${languageOf(text)} readOnly=${!edits}
        complaints=${problem ? problem.data : none}
        control=${editor} onChange=${setText} onSave=${() => changes && save()} label=${`Code of ${name}`} />
    </div>`;
}
