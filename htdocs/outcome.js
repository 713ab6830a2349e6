// How each of many jobs fared, where not all of them did well.
import { html, useEffect, useState } from './vendor/preact.js';
import { address } from './route.js';
import { Button, Dialog, Icon, statusWords } from './ui.js';

let show = null;
// rows: { id, success, status, job, message }; titleOf(row): what the job is called.
export const tellOutcome = (outcome) => show(outcome);

const Row = ({ row, title, leave }) => html`
  <li class=${row.success ? 'went' : 'not'}><${Icon} name=${row.success ? 'done' : 'alert'} />
    <span><a href=${address(['jobs', row.id])} onClick=${leave} title=${row.id}>${title}</a>
      <span class="quiet mono"> …${row.id.slice(-6)}</span>
      <span class="sub">${row.success ? `Done${row.status ? `: ${statusWords[row.status]}` : ''}` : row.message}</span>
    </span></li>`;

// Those that did not go well come first.
export function Outcomer() {
  const [outcome, setOutcome] = useState(null);
  useEffect(() => {
    show = setOutcome;
  }, []);
  if (!outcome) return null;
  const close = () => setOutcome(null);
  const { title, rows, titleOf } = outcome;
  const sorted = [...rows].sort((a, b) => a.success - b.success);
  return html`
    <${Dialog} title=${title} kind="form" onClose=${close}>
      <ul class="outcome" tabindex="0" aria-label="How each one fared">${sorted.map(
        (row) => html`<${Row} key=${row.id} row=${row} title=${titleOf(row)} leave=${close} />`,
      )}</ul>
      <div class="row end"><${Button} kind="primary" autofocus onClick=${close}
        data-testid="outcome-close">Close<//></div>
    <//>`;
}
