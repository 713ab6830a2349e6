// A browser with the page in it, signed in or not, that notes what could be clicked and what was.
import { chromium } from 'playwright-core';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

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
// Of all that is named in the page's own code, also where no test has made it appear.
const folder = new URL('../../htdocs/', import.meta.url);
export const named = new Set(
  readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) =>
      [
        ...readFileSync(new URL(file, folder), 'utf8').matchAll(
          /(?:data-testid=|dataset\.testid = |testid: )["']([\w-]+)["']/g,
        ),
      ].map((found) => found[1]),
    ),
);
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
  page.setDefaultTimeout(15000);
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

export async function signIn({ page, control }, hash = '#/jobs') {
  await page.goto(`${url}htdocs/${hash}`);
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(password);
  await control('sign-in').click();
  await page.locator('main h1').waitFor();
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
