// Parts of the form for a job that most jobs need not fill in.
import { html, useEffect, useState } from './vendor/preact.js';
import { kinds } from './units.js';

export const sentence = (words) => `${words.replace(/^\w/, (c) => c.toUpperCase()).replace(/\.$/, '')}.`;

// field: { label, kind, help }. preset: what holds where nothing is typed; null and undefined: not known.
export function WishField({ name, field: { label, kind, help }, text, preset, fault, onText }) {
  const numeric = kind === kinds.count;
  return html`
    <div class="field"><label for=${`job-${name}`}>${label}</label>
      <input id=${`job-${name}`} inputmode=${numeric ? 'numeric' : undefined} autocomplete="off"
        placeholder=${preset === null || preset === undefined ? undefined : kind.write(preset)} value=${text}
        onInput=${(event) => onText(event.target.value)}
        aria-invalid=${fault ? 'true' : undefined} aria-describedby=${`job-${name}-help`} />
      <p class="help" id=${`job-${name}-help`}>${fault ? html`<span class="fault">${sentence(fault)}</span>` : help}</p>
    </div>`;
}

// While it is closed it tells in a line what is said in it: said: [label, text].
export function Section({ title, testid, said, wrong, help, children }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  return html`
    <details class="advanced" open=${open || wrong} onToggle=${(event) => setOpen(event.currentTarget.open)}>
      <summary data-testid=${testid}>${title}${
        !open && said.length > 0 && html`: ${said.map(([label, text]) => `${label} ${text}`).join(', ')}`
      }</summary>
      ${help && html`<p class="help">${help}</p>`}
      ${children}
    </details>`;
}
