// Forms in dialogs, and the fields that they are made of.
import { html, useState } from './vendor/preact.js';
import { isQuiet } from './api.js';
import { Button, Dialog, Notice } from './ui.js';

// submit(): does it, and takes the dialog away. What it throws is shown, and all that was typed stays.
export function FormDialog({ title, action, submit, onClose, children }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const send = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError('');
    try {
      await submit();
    } catch (problem) {
      if (!isQuiet(problem)) setError(problem.message);
    }
    setBusy(false);
  };
  return html`
    <${Dialog} title=${title} kind="form" onClose=${onClose}>
      <form onSubmit=${send} autocomplete="off">
        ${children}
        ${error && html`<${Notice}>${error}<//>`}
        <div class="row end">
          <${Button} onClick=${onClose} data-testid="form-cancel">Cancel<//>
          <${Button} type="submit" kind="primary" disabled=${busy} data-testid="form-ok">${action}<//>
        </div>
      </form>
    <//>`;
}

// children: the control, with this id; it is described by `${id}-help`.
export const Field = ({ id, label, help, children }) => html`
  <div class="field wide"><label for=${id}>${label}</label>${children}
    <p class="help" id=${`${id}-help`}>${help}</p></div>`;

export const TextField = ({ id, label, help, value, onText, ...rest }) => html`
  <${Field} id=${id} label=${label} help=${help}>
    <input id=${id} value=${value} onInput=${(event) => onText(event.target.value)} aria-describedby=${`${id}-help`}
      autocomplete="off" autocapitalize="none" spellcheck="false" ...${rest} /><//>`;

export const LinesField = ({ id, label, help, value, onText, ...rest }) => html`
  <${Field} id=${id} label=${label} help=${help}>
    <textarea id=${id} value=${value} onInput=${(event) => onText(event.target.value)}
      aria-describedby=${`${id}-help`} autocomplete="off" spellcheck="false" ...${rest}></textarea><//>`;

// choices: [value, words].
export const SelectField = ({ id, label, help, value, choices, onPick, ...rest }) => html`
  <${Field} id=${id} label=${label} help=${help}>
    <select id=${id} value=${value} onChange=${(event) => onPick(event.target.value)} aria-describedby=${`${id}-help`}
      ...${rest}>${choices.map(([each, words]) => html`<option value=${each}>${words}</option>`)}</select><//>`;

// Some of a few, each with a line that explains it: choices: [value, words, explanation].
export const Choices = ({ legend, name, value, choices, onPick }) => html`
  <fieldset class="field wide"><legend>${legend}</legend>
    <div class="options-list">${choices.map(
      ([each, words, explanation]) => html`
      <label class="choice"><input type="radio" name=${name} value=${each} checked=${each === value}
        onChange=${() => onPick(each)} /><span><b>${words}</b>${
          explanation && html`<span class="sub">${explanation}</span>`
        }</span></label>`,
    )}</div>
  </fieldset>`;

export const CheckField = ({ id, label, help, checked, onCheck }) => html`
  <div class="field wide field-check"><label for=${id}>${label}</label>
    <input id=${id} type="checkbox" checked=${checked} onChange=${(event) => onCheck(event.target.checked)}
      aria-describedby=${`${id}-help`} />
    <p class="help" id=${`${id}-help`}>${help}</p></div>`;

// What must not be read over somebody's shoulder, unless it is asked for. `lines`: it may have more than one.
export function HiddenField({ id, label, help, value, onText, lines, ...rest }) {
  const [shown, setShown] = useState(false);
  const common = {
    id,
    value,
    onInput: (event) => onText(event.target.value),
    'aria-describedby': `${id}-help`,
    spellcheck: 'false',
    autocapitalize: 'none',
    ...rest,
  };
  return html`
    <${Field} id=${id} label=${label} help=${help}>
      <div class="with-button">
        ${
          lines
            ? html`<textarea ...${common} class=${`mono ${shown ? '' : 'masked'}`} rows="3"
              autocomplete="off"></textarea>`
            : html`<input ...${common} type=${shown ? 'text' : 'password'} />`
        }
        <${Button} icon="eye" iconOnly=${shown ? 'Hide it' : 'Show it'} pressed=${shown}
          onClick=${() => setShown(!shown)} data-testid="show-hidden" />
      </div><//>`;
}
