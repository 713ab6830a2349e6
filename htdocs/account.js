// Who am I: what I may, my password, my tokens and sessions.
import { html, useState } from './vendor/preact.js';
import { call } from './api.js';
import { FormDialog, HiddenField } from './forms.js';
import { Grant } from './grants.js';
import { Pages, usePages } from './pages.js';
import { may, roles } from './roles.js';
import { useShortcuts } from './shortcuts.js';
import { TokenTable } from './tokens.js';
import { Button, Empty, Notice, confirm, toast, useTitle } from './ui.js';
import { PASSWORD_HELP } from './users.js';

// How the server knows who I am.
const vias = {
  session: 'Signed in on this page',
  remote: 'Signed in by the web server',
  password: 'By user and password',
  token: 'By an API token',
  anonymous: 'Not signed in',
};

function viaOf(me) {
  if (me.via === 'session' && !me.in_person) return 'Signed in on this page with an API token';
  return vias[me.via] || me.via;
}

function ChangePassword({ onClose }) {
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const change = async () => {
    if (fresh !== again) throw new Error('The new password is not the same in both fields.');
    await call('PUT', 'me/password', { old, new: fresh });
    onClose();
    toast('Changed the password. Your other sessions have ended.');
  };
  return html`
    <${FormDialog} title="Change the password" action="Change it" submit=${change} onClose=${onClose}>
      <${HiddenField} id="password-old" label="Old password" value=${old} onText=${setOld} required autofocus
        autocomplete="current-password" />
      <${HiddenField} id="password-new" label="New password" value=${fresh} onText=${setFresh} required
        maxlength="1024" help=${PASSWORD_HELP} autocomplete="new-password" />
      <${HiddenField} id="password-again" label="New password, once more" value=${again} onText=${setAgain} required
        autocomplete="new-password" />
      <p>Your other sessions end. Your tokens stay good.</p>
    <//>`;
}

function Own({ me }) {
  const pages = usePages('me/tokens', [me]);
  const leaveAll = () =>
    confirm({
      title: 'Sign out everywhere?',
      action: 'Sign out everywhere',
      danger: true,
      text: 'Each of your sessions ends, also this one. Your tokens stay good.',
      run: () => call('DELETE', 'me/sessions'),
    });
  const leave = async () => {
    // Who is still there by other means (the web server's) sees the list without them; others are asked who they are.
    if (await leaveAll()) pages.reload();
  };
  useShortcuts({ r: pages.reload });
  return html`
    <div class="head"><h2>Your tokens and sessions</h2><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${pages.reload} data-testid="reload">Reload<//>
      <${Button} icon="out" kind="danger-quiet" onClick=${leave}
        data-testid="sign-out-everywhere">Sign out everywhere<//>
    </div>
    <${Pages} pages=${pages} empty=${html`<${Empty} title="None" icon="key">You have neither tokens nor sessions.<//>`}>
      ${(rows) => html`<${TokenTable} rows=${rows} path="me/tokens" me=${me} own reload=${pages.reload} />`}
    <//>
    ${
      may(me, 'POST /tokens')
        ? html`<p class="quiet">New tokens are created among <a href="#/tokens">everybody’s</a>.</p>`
        : html`<p class="quiet">An administrator creates tokens for programs that call the API in your name.</p>`
    }`;
}

export function Account({ me }) {
  const [asks, setAsks] = useState(false);
  useTitle('Your account');
  return html`
    <div class="head"><h1>${me.name}</h1><span class="grow"></span>
      ${
        may(me, 'PUT /me/password') &&
        html`<${Button} icon="lock" onClick=${() => setAsks(true)} data-testid="password-change">Change password<//>`
      }
    </div>
    <div class="facts account"><dl>
      <div><dt>Role</dt><dd>${me.role}<span class="sub">${roles[me.role]}</span></dd></div>
      <div><dt>May use</dt><dd><${Grant} workers=${me.workers} /></dd></div>
      <div><dt>Known by</dt><dd>${viaOf(me)}</dd></div>
    </dl></div>
    ${
      may(me, 'GET /me/tokens')
        ? html`<${Own} me=${me} />`
        : html`<${Notice} kind="info">Passwords, tokens and sessions can be looked after by who signs in with a user and
            password, not with a token.<//>`
    }
    ${asks && html`<${ChangePassword} onClose=${() => setAsks(false)} />`}`;
}
