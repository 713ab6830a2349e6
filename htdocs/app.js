// The page: who is signed in, which view the address names, and the frame around it.
import { html, render, useEffect, useState } from './vendor/preact.js';
import { call, get, onApiEvent } from './api.js';
import { CreateJob } from './create_job.js';
import { CreateWorker } from './create_worker.js';
import { Job } from './job.js';
import { Jobs } from './jobs.js';
import { may } from './roles.js';
import { isJobId, isWorkerName, leave, useRoute } from './route.js';
import { ShortcutHelp, goTo, useShortcuts } from './shortcuts.js';
import { SignIn } from './sign_in.js';
import { Button, Confirmer, Empty, Icon, Toaster } from './ui.js';
import { Worker } from './worker.js';
import { Workers } from './workers.js';

const LOOK_AGAIN_MS = 3000;

const tabs = [
  { view: 'jobs', label: 'Jobs', icon: 'jobs', role: 'viewer', key: 'g j' },
  { view: 'create', label: 'Create a job', short: 'New job', icon: 'plus', role: 'operator', key: 'g c' },
  { view: 'workers', label: 'Workers', icon: 'workers', role: 'viewer', key: 'g w' },
  { view: 'create-worker', label: 'Create a worker', short: 'New worker', icon: 'code', role: 'developer', key: 'g n' },
];

// Light or dark. What the system has anyway is not remembered, so that the page keeps following it.
function ThemeButton() {
  const system = () => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  const [theme, setTheme] = useState(() => document.documentElement.dataset.theme || system());
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => {
      if (!document.documentElement.dataset.theme) setTheme(system());
    };
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    const kept = next === system() ? '' : next;
    document.documentElement.dataset.theme = kept;
    if (kept) localStorage.setItem('theme', kept);
    else localStorage.removeItem('theme');
    setTheme(next);
  };
  return html`<${Button} icon=${theme === 'dark' ? 'sun' : 'moon'} kind="plain"
    iconOnly=${theme === 'dark' ? 'Light colours' : 'Dark colours'}
    onClick=${toggle} data-testid="theme" />`;
}

function View({ route, me }) {
  const [first, second] = route.parts;
  const { query } = route;
  if (first === 'jobs' && isJobId(second))
    return html`<${Job} key=${second} id=${second} me=${me} pane=${query.get('pane') || 'log'} />`;
  if (first === 'jobs' && !second) return html`<${Jobs} me=${me} query=${query} />`;
  if (first === 'create')
    return html`<${CreateJob} key=${query.toString()} me=${me} preset=${query.get('worker')}
      like=${query.get('like')} />`;
  if (first === 'workers' && isWorkerName(second)) return html`<${Worker} key=${second} name=${second} me=${me} />`;
  if (first === 'workers' && !second) return html`<${Workers} me=${me} />`;
  if (first === 'create-worker') return html`<${CreateWorker} me=${me} />`;
  return html`<h1 class="hidden">Nothing here</h1><${Empty} title="There is no such page" icon="search">
      <a href="#/jobs">Jobs</a><//>`;
}

function Top({ me, view, showKeys, signOut }) {
  const shown = tabs.filter((tab) => may(me, tab.role));
  return html`
    <header class="top">
      <a class="brand" href="#/jobs" data-testid="brand">
        <img src="icon.svg" alt="" width="26" height="26" /><b>JobJoker</b></a>
      ${
        me &&
        html`<nav aria-label="Pages">
        ${shown.map(
          (tab) => html`
          <a href=${`#/${tab.view}`} aria-current=${tab.view === view ? 'page' : undefined}
            data-testid=${`tab-${tab.view}`}>
            <${Icon} name=${tab.icon} /><span class="long">${tab.label}</span>
            <span class="short" aria-hidden="true">${tab.short || tab.label}</span></a>`,
        )}
      </nav>`
      }
      <span class="grow"></span>
      <div class="row tight">
        ${me && html`<span class="who" title=${`Signed in as ${me.name}, role ${me.role}`}>${me.name}</span>`}
        <${Button} icon="keys" kind="plain only-wide" iconOnly="Keyboard shortcuts" onClick=${showKeys}
          data-testid="shortcuts" />
        <${ThemeButton} />
        ${
          me &&
          me.via === 'session' &&
          html`
          <${Button} icon="out" kind="plain" iconOnly="Sign out" onClick=${signOut} data-testid="sign-out" />`
        }
      </div>
    </header>`;
}

function App() {
  const [me, setMe] = useState(null);
  const [signedOut, setSignedOut] = useState(false);
  const [offline, setOffline] = useState(false);
  const [keys, setKeys] = useState(false);
  const route = useRoute();
  // A new object each time: views that depend on it ask for their data again after somebody signed in.
  const load = () =>
    get('me')
      .then(({ data: [who] }) => {
        setMe(who);
        setSignedOut(false);
      })
      .catch(() => {});
  useEffect(() => {
    const stop = onApiEvent((event) => {
      if (event === 'signed-out') setSignedOut(true);
      else setOffline(event === 'offline');
    });
    load();
    return stop;
  }, []);
  // Not every view asks by itself, so somebody has to notice that the server is back.
  useEffect(() => {
    if (!offline) return undefined;
    const timer = setInterval(load, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [offline]);
  const signOut = async () => {
    if (!(await leave())) return;
    await call('DELETE', 'session').catch(() => {});
    setMe(null);
    setSignedOut(true);
  };
  const shortcuts = Object.fromEntries(
    tabs.filter((tab) => may(me, tab.role)).map((tab) => [tab.key, goTo(`#/${tab.view}`)]),
  );
  useShortcuts(me && { ...shortcuts, '?': () => setKeys(true) });
  return html`
    <a class="skip" href="#main" onClick=${(event) => {
      event.preventDefault();
      document.getElementById('main').focus();
    }}>Skip to the content</a>
    <${Top} me=${me} view=${route.parts[0] || 'jobs'} showKeys=${() => setKeys(true)} signOut=${signOut} />
    ${
      offline &&
      html`<div class="banner" role="status"><span
        class="spinner"></span>The server cannot be reached. Trying again…</div>`
    }
    <main id="main" tabindex="-1">${me && html`<${View} route=${route} me=${me} />`}</main>
    ${keys && html`<${ShortcutHelp} onClose=${() => setKeys(false)} />`}
    ${signedOut && html`<${SignIn} onDone=${load} again=${Boolean(me)} />`}
    <${Confirmer} /><${Toaster} />`;
}

const place = document.getElementById('app');
place.replaceChildren(); // what stood there while the page was loading
render(html`<${App} />`, place);
