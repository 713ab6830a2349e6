// The page: who is signed in, which view the address names, and the frame around it.
import { html, render, useEffect, useState } from './vendor/preact.js';
import { call, get, onApiEvent } from './api.js';
import { CreateJob } from './create_job.js';
import { Job } from './job.js';
import { Jobs } from './jobs.js';
import { may } from './roles.js';
import { useRoute } from './route.js';
import { Button, Confirmer, Dialog, Notice, Toaster } from './ui.js';
import { CreateWorker, Worker, Workers } from './workers.js';

const tabs = [
  { hash: '#/jobs', label: 'Jobs', role: 'viewer' },
  { hash: '#/create', label: 'Create a job', role: 'operator' },
  { hash: '#/workers', label: 'Workers', role: 'viewer' },
  { hash: '#/create-worker', label: 'Create a worker', role: 'developer' },
];

function SignIn({ onDone }) {
  const [way, setWay] = useState('password');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    setBusy(true);
    try {
      await call('POST', 'session', way === 'token' ? { token: form.get('token').trim() }
        : { user: form.get('user'), password: form.get('password') });
      onDone();
    } catch (problem) {
      setError(problem.message);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title="Sign in to JobJoker" kind="sign-in">
      <form onSubmit=${submit}>
        ${error && html`<${Notice}>${error}<//>`}
        ${way === 'password' ? html`
          <label>User<input name="user" autocomplete="username" required autofocus defaultValue="admin" /></label>
          <label>Password<input name="password" type="password" autocomplete="current-password" required /></label>` : html`
          <label>API token<input name="token" type="password" autocomplete="off" required autofocus /></label>`}
        <div class="row spread">
          <${Button} kind="plain" data-testid="sign-in-way" onClick=${() => { setWay(way === 'token' ? 'password' : 'token'); setError(''); }}>
            ${way === 'token' ? 'Use a password' : 'Use an API token'}<//>
          <button class="button primary" type="submit" disabled=${busy} data-testid="sign-in">Sign in</button>
        </div>
      </form>
    <//>`;
}

function ThemeButton() {
  const isDark = () => (document.documentElement.dataset.theme
    || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const [dark, setDark] = useState(isDark);
  const toggle = () => {
    document.documentElement.dataset.theme = dark ? 'light' : 'dark';
    localStorage.setItem('theme', document.documentElement.dataset.theme);
    setDark(!dark);
  };
  return html`<${Button} icon=${dark ? 'sun' : 'moon'} kind="plain" iconOnly=${dark ? 'Light colours' : 'Dark colours'}
    onClick=${toggle} data-testid="theme" />`;
}

function View({ route, me }) {
  const [first, second] = route.parts;
  if (first === 'jobs' && second) return html`<${Job} key=${second} id=${second} me=${me} pane=${route.query.get('pane') || 'log'} />`;
  if (first === 'create') return html`<${CreateJob} me=${me} preset=${route.query.get('worker')} />`;
  if (first === 'workers' && second) return html`<${Worker} key=${second} name=${second} me=${me} />`;
  if (first === 'workers') return html`<${Workers} me=${me} />`;
  if (first === 'create-worker') return html`<${CreateWorker} me=${me} />`;
  return html`<${Jobs} me=${me} />`;
}

function App() {
  const [me, setMe] = useState(null);
  const [signedOut, setSignedOut] = useState(false);
  const [offline, setOffline] = useState(false);
  const route = useRoute();
  const load = () => get('me').then(({ data: [who] }) => { setMe(who); setSignedOut(false); }).catch(() => {});
  useEffect(() => {
    const stop = onApiEvent((event) => {
      if (event === 'signed-out') setSignedOut(true);
      else setOffline(event === 'offline');
    });
    load();
    return stop;
  }, []);
  const signOut = async () => {
    await call('DELETE', 'session').catch(() => {});
    setMe(null);
    setSignedOut(true);
  };
  const current = `#/${route.parts[0] || 'jobs'}`;
  return html`
    <a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.getElementById('main').focus(); }}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="#/jobs" data-testid="brand"><img src="icon.svg" alt="" width="24" height="24" /><b>JobJoker</b></a>
      <nav aria-label="Pages">
        ${tabs.filter((tab) => may(me, tab.role)).map((tab) => html`
          <a href=${tab.hash} aria-current=${tab.hash === current ? 'page' : undefined}>${tab.label}</a>`)}
      </nav>
      <div class="row">
        ${me && html`<span class="who" title=${`Signed in as ${me.name}, role ${me.role}`}>${me.name}</span>`}
        <${ThemeButton} />
        ${me && me.via === 'session' && html`
          <${Button} icon="out" kind="plain" iconOnly="Sign out" onClick=${signOut} data-testid="sign-out" />`}
      </div>
    </header>
    ${offline && html`<div class="banner" role="status">The server cannot be reached. Trying again…</div>`}
    <main id="main" tabindex="-1">${me && html`<${View} route=${route} me=${me} />`}</main>
    ${signedOut && html`<${SignIn} onDone=${load} />`}
    <${Confirmer} /><${Toaster} />`;
}

render(html`<${App} />`, document.getElementById('app'));
