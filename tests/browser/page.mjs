// A browser with the page in it, signed in or not, that notes what could be clicked and what was.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const url = process.env.JOBJOKER_URL.replace(/\/?$/, '/');
const user = process.env.JOBJOKER_USER || 'admin';
const password = process.env.JOBJOKER_PASSWORD;
const token = process.env.JOBJOKER_TOKEN;

export async function api(method, path, body, type = 'application/json') {
  const answer = await fetch(url + path, {
    method,
    body,
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: 'application/json',
      ...(body ? { 'Content-Type': type } : {}),
    },
  });
  const envelope = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${envelope.message}`);
  return envelope.data[0];
}

export async function codeOf(name) {
  const answer = await fetch(`${url}workers/${name}/code`, { headers: { Authorization: `Bearer ${token}` } });
  return Buffer.from(await answer.arrayBuffer());
}
export const makeJob = (job) => api('POST', 'jobs', JSON.stringify(job));
export const putWorker = (name, code) => api('PUT', `workers/${name}`, code, 'text/plain');
export const PASSWORD = 'correct horse battery';
export const addUser = (name, role, more) =>
  api('POST', 'users', JSON.stringify({ name, role, password: PASSWORD, ...more }));
export const sample = (file) => readFileSync(new URL(`../../workers/${file}`, import.meta.url), 'utf8');

const launch = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
  ],
};

// Names of all that can be clicked, seen so far in any of the pages, and of what was clicked.
export const seen = new Set();
export const clicked = new Set();
// Whose controls are clicked in which test file; those of all other modules in page.test.mjs.
const elsewhere = {
  'account.test.mjs': ['account.js'],
  'audit.test.mjs': ['audit.js', 'pages.js'],
  'first_run.test.mjs': ['first_run.js'],
  'bulk.test.mjs': ['outcome.js'],
  'graph.test.mjs': ['graph.js'],
  'plan.test.mjs': ['plan_form.js', 'attempts.js'],
  'queues.test.mjs': ['queues.js'],
  'schedules.test.mjs': ['schedules.js', 'schedule.js', 'cron_field.js'],
  'secrets.test.mjs': ['secrets.js'],
  'tokens.test.mjs': ['tokens.js'],
  'users.test.mjs': ['users.js', 'forms.js', 'grants.js'],
};
const folder = new URL('../../htdocs/', import.meta.url);
const modules = readdirSync(folder).filter((file) => file.endsWith('.js'));

// Names of all controls in the page's own code that a test file is to click, also where no test has made them appear.
export function namedFor(test) {
  const others = Object.values(elsewhere).flat();
  const files = elsewhere[test] || modules.filter((file) => !others.includes(file));
  return files.flatMap((file) =>
    [
      ...readFileSync(new URL(file, folder), 'utf8').matchAll(
        /(?:data-testid=|dataset\.testid = |testid: )["']([\w-]+)["']/g,
      ),
    ].map((found) => found[1]),
  );
}

// but: those that another test file clicks all the same.
export function everyControlWasClicked(test, but = []) {
  const missed = namedFor(test).filter((name) => !clicked.has(name) && !but.includes(name));
  assert.deepEqual(missed, [], 'in the code, but never clicked');
}

// Effects run a moment after what they belong to is drawn: titles and focus are waited for. In the shadow of an element too.
export const hasFocus = async (locator) =>
  locator
    .page()
    .waitForFunction((element) => element.getRootNode().activeElement === element, await locator.elementHandle());
export const hasTitle = (page, beginning) =>
  page.waitForFunction((text) => document.title.startsWith(text), beginning);

// What the console and the content policy complained of.
export const complaints = [];

// Runs in the page: tells the name of each control that appears, and of each that is clicked.
function watch() {
  const name = (element) =>
    element.dataset.testid || element.getAttribute('aria-label') || element.textContent.trim().replace(/\s*\d+$/, '');
  const controls = 'button, a[data-testid], nav a, input[data-testid], select[data-testid], summary';
  const look = () => document.querySelectorAll(controls).forEach((element) => window.noteSeen(name(element)));
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
  document.addEventListener(
    'click',
    (event) => {
      const control =
        event.target.closest(controls) ||
        (event.target.closest('label') || document.body).querySelector?.('input[data-testid]');
      if (control) window.noteClicked(name(control));
    },
    true,
  );
  document.addEventListener(
    'input',
    (event) => {
      if (event.target.dataset.testid) window.noteClicked(event.target.dataset.testid);
    },
    true,
  );
  document.addEventListener('securitypolicyviolation', (event) =>
    window.noteComplaint(`policy: ${event.violatedDirective} ${event.blockedURI} at ${location.hash}`),
  );
}

export async function open(options = {}) {
  const browser = await chromium.launch(launch);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60000); // of a machine that does other things too
  await page.exposeFunction('noteSeen', (name) => seen.add(name));
  await page.exposeFunction('noteClicked', (name) => clicked.add(name));
  await page.exposeFunction('noteComplaint', (text) => complaints.push(text));
  await page.addInitScript(watch);
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // The browser notes each refused call; those that a test provokes are no fault of the page.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  const control = (id) => page.getByTestId(id);
  return { page, context, control, close: () => browser.close() };
}

// By the dialog that is there.
export async function answerSignIn({ page, control }, name = user, secret = password) {
  await page.getByLabel('User', { exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).and(page.locator('.sign-in input')).fill(secret);
  await control('sign-in').click();
}

// Whoever was there before.
export async function signIn(tab, hash = '#/jobs', name = user, secret = password) {
  await tab.context.clearCookies();
  await tab.page.goto('about:blank'); // else another hash alone would not load the page again
  await tab.page.goto(`${url}htdocs/${hash}`);
  await answerSignIn(tab, name, secret);
  await tab.page.locator('main h1').waitFor();
}

export const goIn = ({ page }, hash) =>
  page.evaluate((h) => {
    location.hash = h;
  }, hash);

// A server of its own, for what a server can be but once: { env, close }. env is as tests/with-server tells it.
export async function otherServer(...options) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const say = 'console.log(JSON.stringify(process.env)); process.stdin.resume();';
  const child = spawn(`${root}tests/with-server`, [...options, process.execPath, '-e', say], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const close = async () => {
    child.stdin.end();
    const [status] = await once(child, 'exit');
    assert.equal(status, 0, 'it ends in good order');
  };
  return { env: JSON.parse(line), close };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Evaluated, not added as a script: the content policy would refuse that.
export async function axeFaults(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`);
  });
}

// The page and what lies over it have no fault of accessibility, in light and in dark, and where there is little room
// nothing sticks out.
export async function looksRight(page, what) {
  const size = page.viewportSize();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    assert.deepEqual(await axeFaults(page), [], `${what} ${colorScheme}`);
  }
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} fits`);
  assert.deepEqual(await axeFaults(page), [], `${what} narrow`);
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
