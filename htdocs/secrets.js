// Secrets for workers. What was put can be replaced, and is never shown.
import { html, useState } from './vendor/preact.js';
import { AccessTabs } from './parts.js';
import { call } from './api.js';
import { Choices, FormDialog, HiddenField, TextField } from './forms.js';
import { Grant, GrantField } from './grants.js';
import { Pages, usePages } from './pages.js';
import { may } from './roles.js';
import { useShortcuts } from './shortcuts.js';
import { Time } from './time.js';
import { Button, Empty, confirm, toast, useTitle } from './ui.js';

const pathOf = (name) => `secrets/${encodeURIComponent(name)}`;
const VALUE_HELP = 'Up to 64 KiB, also of more than one line. No answer of the server ever tells it.';
const GRANT_WORDS = ['All workers', 'Only some'];

// What the worker finds, and where.
const ways = (name) => [
  ['environment', 'Variable', html`<code>${name || 'NAME'}</code> holds the value.`],
  ['file', 'File', html`<code>${`${name || 'NAME'}_FILE`}</code> holds the path of a file with the value.`],
];

// A name that is taken would be another's value replaced, so it is looked for first.
async function isTaken(name) {
  try {
    await call('GET', pathOf(name));
    return true;
  } catch (problem) {
    if (problem.status === 404) return false;
    throw problem;
  }
}

function NewSecret({ onClose, onDone }) {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const [way, setWay] = useState('environment');
  const [workers, setWorkers] = useState([]);
  const create = async () => {
    if (await isTaken(name)) throw new Error(`There is a secret ${name} already: replace its value instead.`);
    await call('PUT', pathOf(name), { value, as: way, workers });
    onDone(`Created the secret ${name}`);
  };
  return html`
    <${FormDialog} title="New secret" action="Create secret" submit=${create} onClose=${onClose}>
      <${TextField} id="secret-name" label="Name" value=${name} onText=${setName} required maxlength="64" autofocus
        class="mono" pattern="[A-Za-z_][A-Za-z0-9_]*" help="Letters, digits and _, and no digit at its start." />
      <${HiddenField} id="secret-value" label="Value" value=${value} onText=${setValue} lines required
        help=${VALUE_HELP} />
      <${Choices} legend="Given as" name="way" value=${way} choices=${ways(name)} onPick=${setWay} />
      <${GrantField} value=${workers} onChange=${setWorkers} legend="Given to" words=${GRANT_WORDS}
        help=${workers && workers.length === 0 ? 'No worker gets it so far.' : ''} />
    <//>`;
}

// Only what was changed here is sent.
function EditSecret({ secret, onClose, onDone }) {
  const { name } = secret;
  const [value, setValue] = useState('');
  const [way, setWay] = useState(secret.as);
  const [workers, setWorkers] = useState(secret.workers);
  const change = async () => {
    const changes = {
      ...(value && { value }),
      ...(way !== secret.as && { as: way }),
      ...(JSON.stringify(workers) !== JSON.stringify(secret.workers) && { workers }),
    };
    if (Object.keys(changes).length) await call('PUT', pathOf(name), changes);
    onDone(value ? `Replaced the value of ${name}` : `Changed ${name}`);
  };
  return html`
    <${FormDialog} title=${`Secret ${name}`} action="Save" submit=${change} onClose=${onClose}>
      <${HiddenField} id="secret-value" label="New value" value=${value} onText=${setValue} lines autofocus
        placeholder="Stays as it is" help=${`Jobs that run keep the value that they began with. ${VALUE_HELP}`} />
      <${Choices} legend="Given as" name="way" value=${way} choices=${ways(name)} onPick=${setWay} />
      <${GrantField} value=${workers} onChange=${setWorkers} legend="Given to" words=${GRANT_WORDS}
        help=${workers && workers.length === 0 ? 'No worker gets it so far.' : ''} />
    <//>`;
}

const deleteSecret = (name) =>
  confirm({
    title: `Delete the secret ${name}?`,
    action: 'Delete',
    danger: true,
    text: 'Jobs that run keep it. Those that start later do not get it. Its value cannot be brought back.',
    run: () => call('DELETE', pathOf(name)),
    said: `Deleted ${name}`,
  });

const Row = ({ secret, me, edit, remove }) => html`
  <tr data-secret=${secret.name}>
    <td class="main"><span class="line-1"><b class="mono" title=${secret.name}>${secret.name}</b></span></td>
    <td data-label="Given as">${secret.as === 'file' ? 'file' : 'variable'}</td>
    <td data-label="Given to"><${Grant} workers=${secret.workers} /></td>
    <td data-label="Changed"><${Time} at=${secret.changed} /> <span class="quiet">by ${secret.changed_by}</span></td>
    <td class="actions">
      ${
        may(me, 'PUT /secrets/:secret') &&
        html`<${Button} small icon="edit" onClick=${edit} data-testid="secret-edit"
          aria-label=${`Replace or change ${secret.name}`}>Change<//>`
      }
      ${
        may(me, 'DELETE /secrets/:secret') &&
        html`<${Button} small icon="trash" kind="danger-quiet" iconOnly=${`Delete ${secret.name}`} onClick=${remove}
          data-testid="secret-delete" />`
      }
    </td>
  </tr>`;

export function Secrets({ me }) {
  const pages = usePages('secrets', [me]);
  const [dialog, setDialog] = useState(null);
  useTitle('Secrets');
  const close = () => setDialog(null);
  const done = (said) => {
    close();
    toast(said);
    pages.reload();
  };
  const add = () => setDialog(html`<${NewSecret} onClose=${close} onDone=${done} />`);
  useShortcuts({ r: pages.reload, c: add });
  return html`
    <${AccessTabs} view="secrets" />
    <div class="head"><h1>Secrets</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${pages.reload} data-testid="reload">Reload<//>
      ${
        may(me, 'PUT /secrets/:secret') &&
        html`<${Button} icon="plus" kind="primary" onClick=${add} data-testid="secret-new">New secret<//>`
      }
    </div>
    <${Pages} pages=${pages} empty=${html`<${Empty} title="No secrets yet" icon="lock">
        Passwords and keys that workers need: kept encrypted, and hidden in their logs.<//>`}>
      ${(rows) => html`
        <div class="table-box"><table class="list labelled secrets">
          <thead><tr><th>Secret</th><th>Given as</th><th>Given to</th><th>Changed</th>
            <th><span class="hidden">Actions</span></th></tr></thead>
          <tbody>${rows.map(
            (secret) => html`
            <${Row} key=${secret.name} secret=${secret} me=${me}
              edit=${() => setDialog(html`<${EditSecret} secret=${secret} onClose=${close} onDone=${done} />`)}
              remove=${async () => {
                if (await deleteSecret(secret.name)) pages.reload();
              }} />`,
          )}</tbody>
        </table></div>`}
    <//>
    ${dialog}`;
}
