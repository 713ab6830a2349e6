// Create a worker: a name, a language with something to begin with, the code.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { isQuiet, putCode } from './api.js';
import { Editor, languageOf } from './editor.js';
import { address, guardLeaving, isWorkerName } from './route.js';
import { templates } from './templates.js';
import { Button, confirm, toast, useTitle } from './ui.js';
import { Complaints, useUnsaved } from './worker_code.js';

const none = [];
const templateOf = (kind, name) => templates.find((template) => template.kind === kind).code(name);

export function CreateWorker() {
  const [name, setName] = useState('');
  const [kind, setKind] = useState('sh');
  const [text, setText] = useState(() => templateOf('sh', ''));
  const [edition, setEdition] = useState(0);
  const [touched, setTouched] = useState(false);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const editor = useRef(null);
  const nameInput = useRef();
  const nameFits = isWorkerName(name);
  useUnsaved(touched);
  useTitle('Create a worker');
  useEffect(() => {
    nameInput.current.focus();
  }, []);

  const fill = (next, called) => {
    setText(templateOf(next, called));
    setEdition((n) => n + 1);
    setTouched(false);
    setProblem(null);
  };
  const choose = async (next) => {
    if (
      touched &&
      !(await confirm({
        title: 'Begin anew?',
        text: 'The template replaces what you typed.',
        action: 'Replace',
        danger: true,
      }))
    )
      return;
    setKind(next);
    fill(next, name);
  };
  // A class in PHP is called as its worker is: the template follows the name until somebody types in it.
  const rename = (next) => {
    setName(next);
    if (!touched && kind === 'php') fill(kind, next);
  };
  const save = async () => {
    if (busy) return;
    if (!nameFits) {
      nameInput.current.focus();
      return;
    }
    setBusy(true);
    try {
      await putCode(name, text, null);
      guardLeaving(null);
      toast(`Created ${name}`);
      location.hash = address(['workers', name]);
    } catch (error) {
      if (error.status === 412) setProblem({ message: `There is a worker called ${name} already.`, data: [] });
      else if (!isQuiet(error)) setProblem(error);
      setBusy(false);
    }
  };
  const fault = name && !nameFits;
  return html`
    <div class="worker">
      <h1>Create a worker</h1>
      <div class="worker-head">
        <div class="field"><label for="worker-name">Name</label>
          <input id="worker-name" ref=${nameInput} value=${name} onInput=${(event) => rename(event.target.value)}
            autocomplete="off" autocapitalize="none"
            spellcheck="false" maxlength="64" aria-invalid=${fault ? 'true' : undefined}
              aria-describedby="worker-name-help" />
          <p class="help"
            id="worker-name-help">${
              fault ? html`<span class="fault">Letters, digits, _ and - only.</span>` : 'Letters, digits, _ and -.'
            }</p></div>
        <div class="field"><span class="label" id="kind-label">Language</span>
          <div class="segments" role="group" aria-labelledby="kind-label">
            ${templates.map(
              (template) => html`
              <button type="button" aria-pressed=${kind === template.kind} onClick=${() => choose(template.kind)}
                data-testid=${`kind-${template.kind}`}>${template.label}</button>`,
            )}
          </div></div>
        <${Button} kind="primary" disabled=${!nameFits || busy} onClick=${save} data-testid="save"
          title="Ctrl S">Create worker<//>
      </div>
      ${
        problem &&
        html`<${Complaints} problem=${problem}
          goTo=${(line, column) => editor.current && editor.current.goTo(line, column)} />`
      }
      <${Editor} key=${edition} code=${text} language=${languageOf(text)} complaints=${problem ? problem.data : none}
        control=${editor}
        onChange=${(next) => {
          setText(next);
          setTouched(true);
        }} onSave=${save} label="Code of the new worker" />
    </div>`;
}
