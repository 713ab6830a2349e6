// Tokens and sessions: everybody's for an admin, and the table of them that the view of one's own account has, too.
import { html, useEffect, useState } from './vendor/preact.js';
import { AccessTabs } from './parts.js';
import { call, get, serverNow, urlOf } from './api.js';
import { Field, FormDialog, LinesField, SelectField, TextField } from './forms.js';
import { Grant, GrantField } from './grants.js';
import { Pages, usePages } from './pages.js';
import { isAtMost, may, roles } from './roles.js';
import { address } from './route.js';
import { useShortcuts } from './shortcuts.js';
import { Time } from './time.js';
import { Button, CopyButton, Dialog, Empty, Notice, confirm, useTitle } from './ui.js';

const isSession = (token) => token.kind === 'session';
const titleOf = (token) => (isSession(token) ? 'Session' : token.name || 'Token without a name');
const words = (text) => text.split(/[\s,]+/).filter(Boolean);

// -- the table --

const endToken = (path, token) =>
  confirm({
    title: isSession(token) ? `End this session of ${token.user}?` : `Revoke ${titleOf(token)}?`,
    action: isSession(token) ? 'End' : 'Revoke',
    danger: true,
    text: isSession(token)
      ? 'Who uses it is asked to sign in again. What was typed there is not lost.'
      : 'It is not good any more at once, nor are sessions that were begun with it. What uses it must get another one.',
    run: () => call('DELETE', `${path}/${token.id}`),
    said: isSession(token) ? 'Ended the session' : `Revoked ${titleOf(token)}`,
  });

function Expiry({ at }) {
  if (!at) return 'never';
  if (Date.parse(at) > serverNow()) return html`<${Time} at=${at} />`;
  return html`<span class="fault">expired</span> <${Time} at=${at} />`;
}

function Row({ token, own, end }) {
  const title = titleOf(token);
  return html`
    <tr data-token=${token.id}>
      <td class="main"><span class="line-1"><b title=${title}>${title}</b></span>
        <span class="sub">${token.role}, <${Grant} workers=${token.workers} />${
          token.addresses && html`, from ${token.addresses.join(', ')}`
        }</span></td>
      ${!own && html`<td data-label="User"><span class="name" title=${token.user}>${token.user}</span></td>`}
      <td data-label="Last use">${token.used ? html`<${Time} at=${token.used} />` : 'never'}</td>
      <td data-label="Expires"><${Expiry} at=${token.expires} /></td>
      <td data-label="Created"><${Time} at=${token.created} /></td>
      <td data-label="Id" class="mono">${token.id}</td>
      <td class="actions">${
        end &&
        html`<${Button} small kind="danger-quiet" onClick=${end} data-testid="token-end"
          aria-label=${`${isSession(token) ? 'End' : 'Revoke'} ${title} ${token.id}`}>${
            isSession(token) ? 'End' : 'Revoke'
          }<//>`
      }</td>
    </tr>`;
}

// path: of the API, below which each of them can be ended.
export const TokenTable = ({ rows, path, me, own, reload }) => html`
  <div class="table-box"><table class="list labelled tokens">
    <thead><tr><th>Token or session</th>${!own && html`<th>User</th>`}<th>Last use</th><th>Expires</th><th>Created</th>
      <th>Id</th><th><span class="hidden">Actions</span></th></tr></thead>
    <tbody>${rows.map((token) => {
      const end = async () => {
        if (await endToken(path, token)) reload();
      };
      return html`<${Row} key=${token.id} token=${token} own=${own}
        end=${may(me, `DELETE /${path}/:token`) && end} />`;
    })}</tbody>
  </table></div>`;

// -- a new one --

const DAY_MS = 86400000;
const expiries = [
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
  ['at', 'at a time …'],
  ['', 'never'],
];

// As the API takes it.
function expiryOf(choice, at) {
  if (choice === '') return null;
  const ms = choice === 'at' ? Date.parse(at) : serverNow() + Number(choice) * DAY_MS;
  return new Date(ms).toISOString();
}

function NewToken({ me, user, onClose, onMade }) {
  const [users, setUsers] = useState([]);
  const [owner, setOwner] = useState(user || me.name);
  const [name, setName] = useState('');
  const [role, setRole] = useState('');
  const [workers, setWorkers] = useState(null);
  const [addresses, setAddresses] = useState('');
  const [expiry, setExpiry] = useState('90');
  const [at, setAt] = useState('');
  useEffect(() => {
    get('users?limit=1000')
      .then(({ data }) => setUsers(data))
      .catch(() => {});
  }, []);
  const names = [...new Set([owner, ...users.map((each) => each.name)])];
  const owned = (users.find((each) => each.name === owner) || me).role;
  const granted = (role || owned) !== 'admin';
  const pick = (next) => {
    setOwner(next);
    setRole('');
  };
  const create = async () => {
    const networks = words(addresses);
    const { data } = await call('POST', 'tokens', {
      user: owner,
      name,
      ...(role && { role }),
      workers: granted ? workers : null,
      addresses: networks.length ? networks : null,
      expires: expiryOf(expiry, at),
    });
    onMade(data[0]);
  };
  return html`
    <${FormDialog} title="New token" action="Create token" submit=${create} onClose=${onClose}>
      <${TextField} id="token-name" label="What it is for" value=${name} onText=${setName} maxlength="100" required
        autofocus help="So that you know later whether it is still needed." />
      <div class="pair">
        <${SelectField} id="token-user" label="User" value=${owner} onPick=${pick}
          choices=${names.map((each) => [each, each])} help="It may never do more than this user may." />
        <${SelectField} id="token-role" label="Role" value=${role} onPick=${setRole} help=${roles[role || owned]}
          choices=${[
            ['', `As the user (${owned})`],
            ...Object.keys(roles)
              .filter((each) => isAtMost(each, owned) && each !== owned)
              .map((each) => [each, each]),
          ]} />
      </div>
      ${
        (role || owned) === 'admin' &&
        html`<${Notice} kind="info">An admin’s token can make other tokens. Give it a lower role, where it needs no
          more.<//>`
      }
      ${granted && html`<${GrantField} value=${workers} onChange=${setWorkers} legend="May use" />`}
      <div class="pair">
        <${SelectField} id="token-expiry" label="Expires" value=${expiry} onPick=${setExpiry} choices=${expiries} />
        ${
          expiry === 'at' &&
          html`<${Field} id="token-at" label="Time"><input id="token-at" type="datetime-local" required value=${at}
            onInput=${(event) => setAt(event.target.value)} /><//>`
        }
      </div>
      <${LinesField} id="token-addresses" label="Only from these addresses" value=${addresses} onText=${setAddresses}
        rows="2" help="Networks such as 192.0.2.0/24 or 2001:db8::/32, one per line. Empty: from everywhere." />
    <//>`;
}

// A shell takes what stands in it as it is.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// It is told once. So nothing but its own button takes this away.
function TokenOnce({ token, onClose }) {
  const [copied, setCopied] = useState(false);
  const curl = `curl -H "Authorization: Bearer $JOBJOKER_TOKEN" ${quoted(urlOf('me'))}`;
  return html`
    <${Dialog} title=${`Token for ${titleOf(token)}`} kind="form once">
      <div class="notice warn" role="status"><span class="sign" aria-hidden="true">!</span>
        <div><b>Copy it now.</b> It is shown this once: only its hash is kept, and nobody can read it again.</div></div>
      <div class="field wide"><label for="token-text">The token</label>
        <div class="with-button"><input id="token-text" class="mono" readonly value=${token.token}
          onFocus=${(event) => event.target.select()} />
          <${CopyButton} text=${token.token} what="the token" autofocus kind="primary"
            onCopy=${() => setCopied(true)} data-testid="token-copy" /></div></div>
      <div class="field wide"><span class="label">A call with it</span>
        <div class="copied"><code>${curl}</code>
          <${CopyButton} text=${curl} what="the call" small data-testid="token-copy-call" /></div>
        <p class="help">Put it into the variable first, so that it stands in no history of commands:${' '}
          <code class="command-word">read -rs JOBJOKER_TOKEN</code></p></div>
      <div class="row end">
        <${Button} kind=${copied ? 'primary' : ''} onClick=${onClose} data-testid="token-done">${
          copied ? 'Done' : 'Close, I have it'
        }<//></div>
    <//>`;
}

// -- the view --

function OwnerFilter({ user }) {
  const [users, setUsers] = useState([]);
  useEffect(() => {
    get('users?limit=1000')
      .then(({ data }) => setUsers(data.map((each) => each.name)))
      .catch(() => {});
  }, []);
  const names = !user || users.includes(user) ? users : [...users, user];
  const pick = (event) => {
    location.hash = address(['tokens'], { user: event.target.value });
  };
  return html`
    <div class="filters"><label><span class="hidden">User</span>
      <select value=${user} onChange=${pick} data-testid="token-filter">
        <option value="">All users</option>
        ${names.map((name) => html`<option value=${name}>${name}</option>`)}
      </select></label></div>`;
}

export function Tokens({ me, query }) {
  const user = query.get('user') || '';
  const pages = usePages(`tokens${user && `?${new URLSearchParams({ user })}`}`, [me]);
  const [asks, setAsks] = useState(false);
  const [made, setMade] = useState(null);
  useTitle('Tokens');
  const add = () => setAsks(true);
  useShortcuts({ r: pages.reload, c: add });
  return html`
    <${AccessTabs} view="tokens" />
    <div class="head"><h1>Tokens and sessions</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${pages.reload} data-testid="reload">Reload<//>
      ${
        may(me, 'POST /tokens') &&
        html`<${Button} icon="plus" kind="primary" onClick=${add} data-testid="token-new">New token<//>`
      }
    </div>
    <${OwnerFilter} user=${user} />
    <${Pages} pages=${pages} empty=${html`<${Empty} title="No tokens" icon="key">
        ${user ? `${user} has neither tokens nor sessions.` : 'Programs that call the API need one.'}<//>`}>
      ${(rows) => html`<${TokenTable} rows=${rows} path="tokens" me=${me} reload=${pages.reload} />`}
    <//>
    ${
      asks &&
      html`<${NewToken} me=${me} user=${user} onClose=${() => setAsks(false)} onMade=${(token) => {
        setAsks(false);
        setMade(token);
        pages.reload();
      }} />`
    }
    ${
      made &&
      html`<${TokenOnce} token=${made} onClose=${() => setMade(null)} />`
    }`;
}
