// The page: who is signed in, which view the address names, and the frame around it.
import { html, render, useEffect, useRef, useState } from './vendor/preact.js';
import { Account } from './account.js';
import { Audit } from './audit.js';
import { call, get, goOn, onApiEvent } from './api.js';
import { CreateJob } from './create_job.js';
import { CreateWorker } from './create_worker.js';
import { FirstRun } from './first_run.js';
import { Job } from './job.js';
import { Jobs } from './jobs.js';
import { Outcomer } from './outcome.js';
import { accessViews, jobViews } from './parts.js';
import { Queues } from './queues.js';
import { may } from './roles.js';
import { guardLeaving, isJobId, isWorkerName, leave, useRoute } from './route.js';
import { Schedule } from './schedule.js';
import { Schedules } from './schedules.js';
import { Secrets } from './secrets.js';
import { ShortcutHelp, goTo, useShortcuts } from './shortcuts.js';
import { SignIn } from './sign_in.js';
import { Tokens } from './tokens.js';
import { Button, Confirmer, Empty, Icon, Toaster, toast } from './ui.js';
import { Users } from './users.js';
import { Worker } from './worker.js';
import { Workers } from './workers.js';

const LOOK_AGAIN_MS = 3000;

// call: who may make it, may see the view. part: views that are shown as parts of another one.
const tabs = [
  { view: 'jobs', label: 'Jobs', icon: 'jobs', call: 'GET /jobs', key: 'g j', parts: jobViews },
  { view: 'create', label: 'Create a job', short: 'New job', icon: 'plus', call: 'POST /jobs', key: 'g c' },
  { view: 'workers', label: 'Workers', icon: 'workers', call: 'GET /workers', key: 'g w' },
  {
    view: 'create-worker',
    label: 'Create a worker',
    short: 'New worker',
    icon: 'code',
    call: 'PUT /workers/:name',
    key: 'g n',
  },
  { view: 'users', label: 'Access', icon: 'lock', call: 'GET /users', key: 'g a', parts: accessViews },
];
const tabOf = (view) => tabs.find((tab) => tab.view === view || (tab.parts || []).includes(view));

const isAnonymous = (me) => Boolean(me) && me.via === 'anonymous';

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

const pages = {
  schedules: Schedules,
  queues: Queues,
  users: Users,
  tokens: Tokens,
  secrets: Secrets,
  audit: Audit,
  account: Account,
};

function View({ route, me }) {
  const [first, second] = route.parts;
  const { query } = route;
  const tab = tabOf(first);
  const call = first === 'schedules' && second ? 'PUT /schedules/:schedule' : tab && tab.call;
  if (call && !may(me, call))
    return html`<h1 class="hidden">Not for you</h1><${Empty} title="This is not for your role" icon="lock">
      You are signed in as ${me.name}, role ${me.role}. <a href="#/jobs">Jobs</a><//>`;
  if (first === 'jobs' && isJobId(second))
    return html`<${Job} key=${second} id=${second} me=${me} pane=${query.get('pane') || 'log'}
      attempt=${Number(query.get('attempt')) || null} />`;
  if (first === 'jobs' && !second) return html`<${Jobs} me=${me} query=${query} />`;
  if (first === 'schedules' && (second === 'new' || isJobId(second)))
    return html`<${Schedule} key=${second} id=${second === 'new' ? null : second} me=${me} />`;
  if (first === 'create')
    return html`<${CreateJob} key=${query.toString()} me=${me} preset=${query.get('worker')}
      like=${query.get('like')} after=${query.get('after')} />`;
  if (first === 'workers' && isWorkerName(second)) return html`<${Worker} key=${second} name=${second} me=${me} />`;
  if (first === 'workers' && !second) return html`<${Workers} me=${me} />`;
  if (first === 'create-worker') return html`<${CreateWorker} me=${me} />`;
  const Page = second ? null : pages[first];
  if (Page) return html`<${Page} me=${me} query=${query} />`;
  return html`<h1 class="hidden">Nothing here</h1><${Empty} title="There is no such page" icon="search">
      <a href="#/jobs">Jobs</a><//>`;
}

function Top({ me, view, showKeys, askWho, signOut }) {
  const shown = tabs.filter((tab) => may(me, tab.call));
  const current = tabOf(view);
  return html`
    <header class="top">
      <a class="brand" href="#/jobs" data-testid="brand">
        <img src="icon.svg" alt="" width="26" height="26" /><b>JobJoker</b></a>
      ${
        me &&
        html`<nav aria-label="Pages">
        ${shown.map(
          (tab) => html`
          <a href=${`#/${tab.view}`} aria-current=${tab === current ? 'page' : undefined}
            data-testid=${`tab-${tab.view}`}>
            <${Icon} name=${tab.icon} /><span class="long">${tab.label}</span>
            <span class="short" aria-hidden="true">${tab.short || tab.label}</span></a>`,
        )}
      </nav>`
      }
      <span class="grow"></span>
      <div class="row tight">
        ${
          me &&
          html`<a class="who" href="#/account" title=${`${me.name}, role ${me.role}`} data-testid="account"
            aria-label=${`Your account: ${me.name}, role ${me.role}`}
            aria-current=${view === 'account' ? 'page' : undefined}><${Icon} name="user" /><span>${me.name}</span></a>`
        }
        <${Button} icon="keys" kind="plain only-wide" iconOnly="Keyboard shortcuts" onClick=${showKeys}
          data-testid="shortcuts" />
        <${ThemeButton} />
        ${
          me &&
          me.via === 'session' &&
          html`
          <${Button} icon="out" kind="plain" iconOnly="Sign out" onClick=${signOut} data-testid="sign-out" />`
        }
        ${
          me &&
          isAnonymous(me) &&
          html`<${Button} small onClick=${askWho} data-testid="sign-in-here">Sign in<//>`
        }
      </div>
    </header>`;
}

const place = document.getElementById('app');

// What belongs to somebody else must not stay, not even in memory; nor is anybody asked whether it may be left.
function startOver() {
  guardLeaving(null);
  render(null, place);
  history.replaceState(null, '', '#/jobs');
  location.reload();
}

function App() {
  const [me, setMe] = useState(null);
  const [signedOut, setSignedOut] = useState(false);
  const [noAdmin, setNoAdmin] = useState(false);
  const [offline, setOffline] = useState(false);
  const [keys, setKeys] = useState(false);
  const route = useRoute();
  const known = useRef(null);
  const arrive = (who) => {
    if (known.current && known.current.name !== who.name) {
      startOver();
      return;
    }
    // The same object as long as nothing has changed: views that depend on it need not ask for their data again.
    if (JSON.stringify(known.current) !== JSON.stringify(who)) setMe((known.current = who));
    setSignedOut(false);
    setNoAdmin(false);
    goOn();
  };
  const load = async () => {
    try {
      arrive((await get('me', { waits: false })).data[0]);
    } catch (problem) {
      setNoAdmin(problem.code === 'no_admin');
      if (problem.status === 401) setSignedOut(true);
    }
  };
  useEffect(() => {
    const stop = onApiEvent((event) => {
      if (event === 'signed-out') setSignedOut(true);
      else setOffline(event === 'offline');
    });
    // Somebody else may have signed in in another tab.
    const look = () => {
      if (!document.hidden) load();
    };
    document.addEventListener('visibilitychange', look);
    load();
    return () => {
      document.removeEventListener('visibilitychange', look);
      stop();
    };
  }, []);
  // Not every view asks by itself, so somebody has to notice that the server is back.
  useEffect(() => {
    if (!offline) return undefined;
    const timer = setInterval(load, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [offline]);
  const signOut = async () => {
    if (!(await leave())) return;
    try {
      await call('DELETE', 'session');
      startOver();
    } catch (problem) {
      toast(problem.message, 'error');
    }
  };
  const shortcuts = Object.fromEntries(
    tabs.filter((tab) => may(me, tab.call)).map((tab) => [tab.key, goTo(`#/${tab.view}`)]),
  );
  useShortcuts(
    me && {
      ...shortcuts,
      'g s': goTo('#/schedules'),
      'g q': goTo('#/queues'),
      'g m': goTo('#/account'),
      '?': () => setKeys(true),
    },
  );
  return html`
    <a class="skip" href="#main" onClick=${(event) => {
      event.preventDefault();
      document.getElementById('main').focus();
    }}>Skip to the content</a>
    <${Top} me=${me} view=${route.parts[0] || 'jobs'} showKeys=${() => setKeys(true)}
      askWho=${() => setSignedOut(true)} signOut=${signOut} />
    ${
      offline &&
      html`<div class="banner" role="status"><span
        class="spinner"></span>The server cannot be reached. Trying again…</div>`
    }
    <main id="main" tabindex="-1">${
      noAdmin
        ? html`<${FirstRun} lookAgain=${load} />`
        : me && html`<${View} route=${route} me=${me} />`
    }</main>
    ${keys && html`<${ShortcutHelp} onClose=${() => setKeys(false)} />`}
    ${
      signedOut &&
      !noAdmin &&
      html`<${SignIn} onDone=${load} again=${me && !isAnonymous(me) && me.name}
        onClose=${isAnonymous(me) ? () => setSignedOut(false) : undefined} />`
    }
    <${Confirmer} /><${Outcomer} /><${Toaster} />`;
}

place.replaceChildren(); // what stood there while the page was loading
render(html`<${App} />`, place);
