// What each role sees. Every control of every view stands here with the least role that sees it: one that is missing
// here is a fault, and so is one that somebody sees who may not use it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, addUser, api, complaints, goIn, makeJob, open, putWorker, signIn } from './page.mjs';

const roles = ['viewer', 'operator', 'developer', 'admin'];
const LONG = '#!/bin/sh\n# Description: Is seen by all.\nexec sleep 600\n';
let tab;
let job;
let schedule;

before(async () => {
  await putWorker('Seen', LONG);
  await putWorker('NotSeen', LONG);
  job = await makeJob({ worker: 'Seen', name: 'seen by all' });
  await makeJob({ worker: 'NotSeen', name: 'seen by few' });
  await api('PUT', 'queues/seen-by-all', '{}');
  schedule = await api('POST', 'schedules', JSON.stringify({ name: 'seen', cron: '@yearly', job: { worker: 'Seen' } }));
  for (const role of roles) await addUser(`walks-as-${role}`, role);
  await addUser('walks-little', 'operator', { workers: ['Seen'] });
});
after(() => tab.close());

const frame = {
  brand: 'viewer',
  'tab-jobs': 'viewer',
  'tab-create': 'operator',
  'tab-workers': 'viewer',
  'tab-create-worker': 'developer',
  'tab-users': 'admin',
  account: 'viewer',
  shortcuts: 'viewer',
  theme: 'viewer',
  'sign-out': 'viewer',
};
const access = {
  'access-users': 'admin',
  'access-tokens': 'admin',
  'access-secrets': 'admin',
  'access-audit': 'admin',
  reload: 'admin',
  more: 'admin',
};
const parts = { 'jobs-jobs': 'viewer', 'jobs-schedules': 'viewer', 'jobs-queues': 'viewer' };
const jobForm = Object.fromEntries(
  ['worker-search', 'as-form', 'as-json', 'plan', 'retries', 'advanced'].map((name) => [name, 'operator']),
);
const filters = Object.fromEntries(
  ['all', 'idle', 'active', 'stop', 'error', 'done', 'worker', 'text'].map((name) => [`filter-${name}`, 'viewer']),
);
const actions = { start: 'operator', stop: 'operator', kill: 'operator', delete: 'operator' };

// [what, its address, what is there when it is drawn, its controls]
const views = () => [
  [
    'the list of jobs',
    '#/jobs?q=seen+by+all',
    `tr[data-job="${job.id}"]`,
    {
      ...parts,
      ...filters,
      ...actions,
      'new-job': 'operator',
      reload: 'viewer',
      'choose-all': 'viewer',
      log: 'viewer',
      response: 'viewer',
      clear: 'viewer',
      more: 'viewer',
    },
  ],
  [
    'a job',
    `#/jobs/${job.id}`,
    '.lines-empty',
    {
      ...actions,
      again: 'operator',
      back: 'viewer',
      reload: 'viewer',
      'copy-id': 'viewer',
      'pane-log': 'viewer',
      'pane-response': 'viewer',
      'pane-parameters': 'viewer',
      'pane-graph': 'viewer',
      find: 'viewer',
      stream: 'viewer',
      times: 'viewer',
      wrap: 'viewer',
      follow: 'viewer',
      download: 'viewer',
      'to-end': 'viewer',
    },
  ],
  [
    'schedules',
    '#/schedules',
    'tr[data-schedule]',
    {
      ...parts,
      reload: 'viewer',
      more: 'viewer',
      'schedule-new': 'operator',
      'schedule-details': 'viewer',
      'schedule-edit': 'operator',
      'schedule-last': 'viewer',
      'schedule-enabled': 'operator',
      'schedule-jobs': 'viewer',
      'schedule-run': 'operator',
      'schedule-delete': 'operator',
    },
  ],
  [
    'a schedule',
    `#/schedules/${schedule.id}`,
    'form',
    {
      ...jobForm,
      back: 'operator',
      'schedule-on': 'operator',
      'cron-example': 'operator',
      'schedule-run': 'operator',
      'schedule-delete': 'operator',
      'schedule-save': 'operator',
    },
    'operator',
  ],
  [
    'queues',
    '#/queues',
    'tr[data-queue=seen-by-all]',
    {
      ...parts,
      reload: 'viewer',
      more: 'viewer',
      'queue-jobs': 'viewer',
      'queue-new': 'operator',
      'queue-pause': 'operator',
      'queue-edit': 'operator',
      'queue-delete': 'operator',
    },
  ],
  [
    'the list of workers',
    '#/workers',
    'tr[data-worker=Seen]',
    {
      'new-worker': 'developer',
      'find-worker': 'viewer',
      reload: 'viewer',
      'job-of': 'operator',
      'code-of': 'viewer',
      'delete-of': 'developer',
    },
  ],
  [
    'a worker',
    '#/workers/Seen',
    '.cm-content',
    { back: 'viewer', save: 'developer', revert: 'developer', 'new-job': 'operator', delete: 'developer' },
  ],
  [
    'the own account',
    '#/account',
    'tr[data-token]',
    {
      'password-change': 'viewer',
      'sign-out-everywhere': 'viewer',
      'token-end': 'viewer',
      reload: 'viewer',
      more: 'viewer',
    },
  ],
  [
    'a new job',
    '#/create?worker=Seen',
    'form',
    {
      ...jobForm,
      'after-add': 'operator',
      create: 'operator',
      'create-start': 'operator',
    },
    'operator',
  ],
  [
    'a new worker',
    '#/create-worker',
    '.cm-content',
    {
      ...Object.fromEntries(['c', 'php', 'sh', 'python', 'javascript'].map((kind) => [`kind-${kind}`, 'developer'])),
      save: 'developer',
    },
    'developer',
  ],
  [
    'users',
    '#/users',
    'tr[data-user=admin]',
    {
      ...access,
      'user-new': 'admin',
      'user-edit': 'admin',
      'user-set-password': 'admin',
      'user-tokens': 'admin',
      'user-delete': 'admin',
    },
    'admin',
  ],
  [
    'tokens',
    '#/tokens',
    'tr[data-token]',
    { ...access, 'token-new': 'admin', 'token-filter': 'admin', 'token-end': 'admin' },
    'admin',
  ],
  [
    'secrets',
    '#/secrets',
    'main h1',
    { ...access, 'secret-new': 'admin', 'secret-edit': 'admin', 'secret-delete': 'admin' },
    'admin',
  ],
  [
    'the audit trail',
    '#/audit',
    'tr[data-audit]',
    {
      ...access,
      ...Object.fromEntries(
        ['result-all', 'result-allowed', 'result-refused', 'result', 'user', 'action', 'object', 'since', 'until'].map(
          (name) => [`audit-${name}`, 'admin'],
        ),
      ),
      'audit-csv': 'admin',
      'audit-details': 'admin',
    },
    'admin',
  ],
];
// That are there only under circumstances, for whoever sees them.
const sometimes = ['more', 'schedule-last', 'to-end', 'secret-edit', 'secret-delete', 'toast-close'];

const seenNow = ({ page }) =>
  page.evaluate(() => [...new Set([...document.querySelectorAll('[data-testid]')].map((each) => each.dataset.testid))]);

for (const role of roles) {
  test(`a role sees what it may, and nothing that it may not: ${role}`, async () => {
    if (tab) await tab.close();
    tab = await open();
    const { page } = tab;
    const refused = [];
    page.on('response', (answer) => {
      if (answer.status() === 403) refused.push(answer.url());
    });
    await signIn(tab, '#/jobs', `walks-as-${role}`, PASSWORD);
    const isFor = (least) => roles.indexOf(least) <= roles.indexOf(role);
    for (const [what, hash, drawn, controls, least = 'viewer'] of views()) {
      await goIn(tab, hash);
      if (!isFor(least)) {
        await page.getByText('This is not for your role').waitFor();
        assert.deepEqual(
          (await seenNow(tab)).sort(),
          Object.keys(frame)
            .filter((name) => isFor(frame[name]))
            .sort(),
          what,
        );
        continue;
      }
      await page.locator(drawn).first().waitFor();
      if (what === 'the list of jobs') {
        await page.locator(`tr[data-job="${job.id}"]`).getByRole('checkbox').check();
        await page.getByTestId('clear').waitFor();
      }
      const seen = await seenNow(tab);
      const all = { ...frame, ...controls };
      assert.deepEqual(
        seen.filter((name) => !(name in all) && !sometimes.includes(name)),
        [],
        `${what}: controls that are not in the table`,
      );
      for (const [name, from] of Object.entries(all)) {
        if (sometimes.includes(name) && isFor(from)) continue;
        assert.equal(seen.includes(name), isFor(from), `${what}: ${name} for ${role}`);
      }
    }
    assert.deepEqual(refused, [], 'the page asks for nothing that is refused');
  });
}

test('keys do no more than the controls', async () => {
  await tab.close();
  tab = await open();
  const { page } = tab;
  await signIn(tab, '#/jobs', 'walks-as-viewer', PASSWORD);
  for (const keys of [['c'], ['g', 'c'], ['g', 'n'], ['g', 'a']]) {
    for (const key of keys) await page.keyboard.press(key);
    assert.match(page.url(), /#\/jobs$/, keys.join(' '));
  }
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await page.getByRole('heading', { name: 'walks-as-viewer' }).waitFor();
  // Code can be read, and not typed into.
  await goIn(tab, '#/workers/Seen');
  const code = page.locator('.cm-content');
  await code.click();
  await page.keyboard.type('typed');
  await page.keyboard.press('Control+s');
  assert.doesNotMatch(await code.textContent(), /typed/);
});

test('a user who is granted some workers sees these, and their jobs', async () => {
  await tab.close();
  tab = await open();
  const { page } = tab;
  await signIn(tab, '#/jobs?q=seen+by', 'walks-little', PASSWORD);
  await page.locator(`tr[data-job="${job.id}"]`).waitFor();
  assert.equal(await page.locator('tr[data-job]').count(), 1);
  await goIn(tab, '#/workers');
  await page.locator('tr[data-worker=Seen]').waitFor();
  assert.equal(await page.locator('tr[data-worker]').count(), 1);
  await goIn(tab, '#/workers/NotSeen');
  await page.getByText('There is no such worker').waitFor();
  await goIn(tab, '#/account');
  await page.locator('.account dd', { hasText: 'Seen' }).waitFor();
  // A role that is taken away is gone when the page is looked at again.
  await api('PUT', 'users/walks-little', JSON.stringify({ role: 'viewer' }));
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByTestId('tab-create').waitFor({ state: 'detached' });
});

test('the browser had nothing to complain of', () => assert.deepEqual(complaints, []));
