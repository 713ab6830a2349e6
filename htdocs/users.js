// Users: who they are, what they may, and their passwords.
import { html, useState } from './vendor/preact.js';
import { AccessTabs } from './parts.js';
import { call } from './api.js';
import { CheckField, Choices, FormDialog, HiddenField, TextField } from './forms.js';
import { Grant, GrantField } from './grants.js';
import { Pages, usePages } from './pages.js';
import { may, roles } from './roles.js';
import { address } from './route.js';
import { useShortcuts } from './shortcuts.js';
import { Time } from './time.js';
import { Button, Empty, Icon, LinkButton, confirm, toast, useTitle } from './ui.js';

export const PASSWORD_HELP = 'Of 12 to 1024 bytes. A sentence is good.';
const pathOf = (name) => `users/${encodeURIComponent(name)}`;

const RoleField = ({ role, setRole }) => html`
  <${Choices} legend="Role" name="role" value=${role} onPick=${setRole}
    choices=${Object.entries(roles).map(([name, words]) => [name, name, words])} />`;

// No admin is limited.
const WorkersField = ({ role, workers, setWorkers }) =>
  role !== 'admin' &&
  html`<${GrantField} value=${workers} onChange=${setWorkers} legend="May use"
    help=${
      role === 'developer'
        ? 'Who edits a worker runs code on the server, so this is no wall against a developer.'
        : 'The others, and their jobs, are not there for this user.'
    } />`;

// Apache may know users by itself; they have no password here.
const PasswordField = ({ none, password, setNone, setPassword, autofocus }) => html`
  ${
    !none &&
    html`<${HiddenField} id="user-password" label="Password" help=${PASSWORD_HELP} value=${password}
      onText=${setPassword} autocomplete="new-password" required maxlength="1024" autofocus=${autofocus} />`
  }
  <${CheckField} id="user-none" label="No password" checked=${none} onCheck=${setNone}
    help="For users whom the web server itself lets in, and for those who use tokens only." />`;

function NewUser({ onClose, onDone }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState('viewer');
  const [workers, setWorkers] = useState(null);
  const [password, setPassword] = useState('');
  const [none, setNone] = useState(false);
  const create = async () => {
    await call('POST', 'users', {
      name,
      role,
      password: none ? null : password,
      workers: role === 'admin' ? null : workers,
    });
    onDone(`Created the user ${name}`);
  };
  return html`
    <${FormDialog} title="New user" action="Create user" submit=${create} onClose=${onClose}>
      <${TextField} id="user-name" label="Name" value=${name} onText=${setName} required maxlength="64" autofocus
        help="Letters, digits and . _ @ + -" />
      <${RoleField} role=${role} setRole=${setRole} />
      <${WorkersField} role=${role} workers=${workers} setWorkers=${setWorkers} />
      <${PasswordField} none=${none} password=${password} setNone=${setNone} setPassword=${setPassword} />
    <//>`;
}

// Sends what was changed here only: somebody else may have changed the rest meanwhile.
function EditUser({ user, onClose, onDone }) {
  const [role, setRole] = useState(user.role);
  const [workers, setWorkers] = useState(user.workers);
  const [disabled, setDisabled] = useState(user.disabled);
  const change = async () => {
    const granted = role === 'admin' ? null : workers;
    const changes = {
      ...(role !== user.role && { role }),
      ...(JSON.stringify(granted) !== JSON.stringify(user.workers) && { workers: granted }),
      ...(disabled !== user.disabled && { disabled }),
    };
    if (Object.keys(changes).length) await call('PUT', pathOf(user.name), changes);
    onDone(`Changed ${user.name}`);
  };
  return html`
    <${FormDialog} title=${`User ${user.name}`} action="Save" submit=${change} onClose=${onClose}>
      <${RoleField} role=${role} setRole=${setRole} />
      <${WorkersField} role=${role} workers=${workers} setWorkers=${setWorkers} />
      <${CheckField} id="user-disabled" label="Disabled" checked=${disabled} onCheck=${setDisabled}
        help="Neither the password nor tokens nor sessions are good then. All is kept for later." />
    <//>`;
}

function NewPassword({ user, onClose, onDone }) {
  const [password, setPassword] = useState('');
  const [none, setNone] = useState(false);
  const change = async () => {
    await call('PUT', pathOf(user.name), { password: none ? null : password });
    onDone(`Changed the password of ${user.name}`);
  };
  return html`
    <${FormDialog} title=${`Password of ${user.name}`} action="Set password" submit=${change} onClose=${onClose}>
      <p>Every session of this user ends. Tokens stay good.</p>
      <${PasswordField} none=${none} password=${password} setNone=${setNone} setPassword=${setPassword} autofocus />
    <//>`;
}

const deleteUser = (name) =>
  confirm({
    title: `Delete the user ${name}?`,
    action: 'Delete',
    danger: true,
    text: 'Every token and session of this user ends with it. Jobs go on, and the audit trail keeps what was done.',
    run: () => call('DELETE', pathOf(name)),
    said: `Deleted ${name}`,
  });

// What keeps somebody out, in words.
function State({ user }) {
  if (user.disabled) return html`<span class="status status-stop"><${Icon} name="stop" />Disabled</span>`;
  return html`<span class="status status-done"><${Icon} name="done" />Enabled</span>${
    !user.password && html` <span class="quiet">no password</span>`
  }`;
}

function Row({ user, me, edit, setPassword, remove }) {
  const { name } = user;
  return html`
    <tr data-user=${name}>
      <td class="main"><span class="line-1"><b title=${name}>${name}</b>${
        name === me.name && html`<span class="tag">you</span>`
      }</span></td>
      <td data-label="Role"><span class="tag">${user.role}</span></td>
      <td data-label="May use"><${Grant} workers=${user.workers} /></td>
      <td data-label="State"><${State} user=${user} /></td>
      <td data-label="Created"><${Time} at=${user.created} /></td>
      <td class="actions">
        ${
          may(me, 'PUT /users/:user') &&
          html`<${Button} small icon="edit" onClick=${edit} data-testid="user-edit"
            aria-label=${`Edit ${name}`}>Edit<//>
          <${Button} small icon="lock" onClick=${setPassword} data-testid="user-set-password"
            aria-label=${`Password of ${name}`}>Password<//>`
        }
        ${
          may(me, 'GET /tokens') &&
          html`<${LinkButton} small icon="key" iconOnly=${`Tokens of ${name}`}
            href=${address(['tokens'], { user: name })} data-testid="user-tokens" />`
        }
        ${
          may(me, 'DELETE /users/:user') &&
          html`<${Button} small icon="trash" kind="danger-quiet" iconOnly=${`Delete ${name}`} onClick=${remove}
            data-testid="user-delete" />`
        }
      </td>
    </tr>`;
}

export function Users({ me }) {
  const pages = usePages('users', [me]);
  const [dialog, setDialog] = useState(null);
  useTitle('Users');
  const close = () => setDialog(null);
  const done = (said) => {
    close();
    toast(said);
    pages.reload();
  };
  const add = () => setDialog(html`<${NewUser} onClose=${close} onDone=${done} />`);
  useShortcuts({ r: pages.reload, c: add });
  return html`
    <${AccessTabs} view="users" />
    <div class="head"><h1>Users</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${pages.reload} data-testid="reload">Reload<//>
      ${
        may(me, 'POST /users') &&
        html`<${Button} icon="plus" kind="primary" onClick=${add} data-testid="user-new">New user<//>`
      }
    </div>
    <${Pages} pages=${pages} empty=${html`<${Empty} title="No users" icon="user">Nobody is there.<//>`}>
      ${(rows) => html`
        <div class="table-box"><table class="list labelled users">
          <thead><tr><th>User</th><th>Role</th><th>May use</th><th>State</th><th>Created</th>
            <th><span class="hidden">Actions</span></th></tr></thead>
          <tbody>${rows.map(
            (user) => html`
            <${Row} key=${user.name} user=${user} me=${me}
              edit=${() => setDialog(html`<${EditUser} user=${user} onClose=${close} onDone=${done} />`)}
              setPassword=${() => setDialog(html`<${NewPassword} user=${user} onClose=${close} onDone=${done} />`)}
              remove=${async () => {
                if (await deleteUser(user.name)) pages.reload();
              }} />`,
          )}</tbody>
        </table></div>`}
    <//>
    ${dialog}`;
}
