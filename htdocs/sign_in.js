// Asks who is there. It lies over the page, which keeps what was typed into it.
import { html, useState } from './vendor/preact.js';
import { call } from './api.js';
import { Button, Dialog, Notice } from './ui.js';

// again: the name of who was there before, whose session has ended. onClose: it may be left.
export function SignIn({ onDone, again, onClose }) {
  const [way, setWay] = useState('password');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    setBusy(true);
    setError('');
    try {
      await call(
        'POST',
        'session',
        way === 'token'
          ? { token: form.get('token').trim() }
          : { user: form.get('user'), password: form.get('password') },
        { waits: false },
      );
      await onDone();
    } catch (problem) {
      setError(problem.message);
      setBusy(false);
    }
  };
  const other = () => {
    setWay(way === 'token' ? 'password' : 'token');
    setError('');
  };
  return html`
    <${Dialog} title="Sign in to JobJoker" picture="icon.svg" kind=${`sign-in ${again || onClose ? '' : 'first'}`}
      onClose=${onClose}>
      ${
        again &&
        html`<p>Your session has ended. What you typed is still there. When somebody other than <b>${again}</b> signs
          in, the page starts over.</p>`
      }
      <form onSubmit=${submit}>
        ${error && html`<${Notice}>${error}<//>`}
        ${
          way === 'password'
            ? html`
          <label key="user">User<input name="user" autocomplete="username" required autocapitalize="none"
            spellcheck="false" defaultValue=${again || 'admin'} /></label>
          <label key="password">Password<input name="password" type="password" autocomplete="current-password" required
            autofocus /></label>`
            : html`
          <label key="token">API token<input name="token" type="password" autocomplete="off" required
            autofocus /></label>`
        }
        <${Button} type="submit" kind="primary big" disabled=${busy}
          data-testid="sign-in">${busy ? 'Signing in…' : 'Sign in'}<//>
        <${Button} kind="plain" onClick=${other}
          data-testid="sign-in-way">${way === 'token' ? 'Use a password' : 'Use an API token'}<//>
      </form>
    <//>`;
}
