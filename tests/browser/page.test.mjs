// The admin page as people use it: every control is clicked once, and the last test checks that.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, clicked, complaints, makeJob, open, putWorker, sample, seen, signIn, url } from './page.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LONG = '#!/bin/sh\n# Description: Runs until it is stopped.\necho running\nexec sleep 600\n';
let tab;

before(async () => {
  for (const file of ['TestWorker.c', 'TestWorkerPhp.php', 'TestWorkerSh.sh', 'TestWorkerPython.py', 'UrlCheck.py']) {
    await putWorker(file.split('.')[0], sample(file));
  }
  await putWorker('Long', LONG);
  tab = await open();
});
after(() => tab.close());

const row = (id) => tab.page.locator(`tr[data-job="${id}"]`);
const choose = (id) => row(id).getByRole('checkbox').check();
const go = (hash) => tab.page.evaluate((h) => { location.hash = h; }, hash);
const status = (id, word) => row(id).locator(`.status-${word}`).waitFor();
const axeFaults = () => tab.page.evaluate(async (source) => {
  // eslint-disable-next-line no-undef
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`);
}, axe);

test('GET / leads to the page, which asks who is there', async () => {
  const { page, control } = tab;
  await page.goto(url);
  assert.match(page.url(), /\/htdocs\/$/);
  await page.getByRole('dialog').waitFor();
  await page.getByLabel('Password').fill('wrong');
  await control('sign-in').click();
  await page.getByRole('alert').getByText('not valid').waitFor();
  await control('sign-in-way').click();
  await page.getByLabel('API token').fill('wrong');
  await control('sign-in').click();
  await page.getByRole('alert').getByText('not valid').waitFor();
  await control('sign-in-way').click();
  await signIn(tab);
});

test('a job is started, watched, stopped and deleted from the list', async () => {
  const { page, control } = tab;
  const job = await makeJob({ worker: 'Long', name: 'To be stopped' });
  await control('reload').click();
  await choose(job.id);
  await control('start').click();
  await status(job.id, 'active');
  await control('stop').click();
  await control('confirm-cancel').click();
  await status(job.id, 'active');
  await control('stop').click();
  await control('confirm-ok').click();
  await status(job.id, 'stop');
  await control('delete').click();
  await control('confirm-ok').click();
  await row(job.id).waitFor({ state: 'detached' });
  await assert.rejects(api('GET', `jobs/${job.id}`), /404/);
});

test('a job is killed from the list, and nothing of it is left', async () => {
  const { control } = tab;
  const job = await makeJob({ worker: 'Long', start: true });
  await choose(job.id);
  await control('kill').click();
  await control('confirm-ok').click();
  await status(job.id, 'stop');
  assert.equal((await api('GET', `jobs/${job.id}`)).status, 'stop');
  await control('log').click();
  await control('pane-log').click();
  await go('#/jobs');
  await choose(job.id);
  await control('response').click();
  await tab.page.getByText('Nothing was said so far.').waitFor();
  await control('back').click();
});

test('many jobs are chosen at once', async () => {
  const { page, control } = tab;
  const jobs = [await makeJob({ worker: 'TestWorkerSh' }), await makeJob({ worker: 'TestWorkerSh' })];
  await control('filter-worker').selectOption('TestWorkerSh');
  for (const { id } of jobs) await row(id).waitFor();
  await control('choose-all').click();
  await page.getByText('2 chosen').waitFor();
  await control('delete').click();
  await control('confirm-ok').click();
  await page.getByText('No job fits').waitFor();
  await control('filter-worker').selectOption('');
});

test('filters narrow the list, and long lists have pages', async () => {
  const { page, control } = tab;
  for (let i = 0; i < 60; i++) await makeJob({ worker: 'TestWorker', parameters: { count: i } });
  const needle = await makeJob({ worker: 'TestWorker', name: 'needle in the hay' });
  for (const name of ['idle', 'active', 'stop', 'error', 'done', 'all']) await control(`filter-${name}`).click();
  await control('more').click();
  await page.waitForFunction(() => document.querySelectorAll('tr[data-job]').length > 55);
  await control('filter-text').fill('needle in');
  await page.waitForFunction(() => document.querySelectorAll('tr[data-job]').length === 1);
  await row(needle.id).waitFor();
  await control('filter-text').fill('');
});

test('a job is made with the form, and its log and response are followed live', async () => {
  const { page, control } = tab;
  await control('new-job').click();
  await page.getByRole('radio', { name: 'TestWorkerPython' }).check();
  await page.getByLabel('Count', { exact: true }).fill('-1');
  await control('create-start').click();
  await page.getByText('must be at least 0').waitFor();
  await page.getByLabel('Count', { exact: true }).fill('3');
  await page.getByLabel('Pause', { exact: true }).fill('0.1');
  await page.getByLabel('Name', { exact: true }).fill('From the form');
  await page.getByLabel('Timeout in seconds').fill('60');
  await control('create-start').click();
  await page.getByRole('log').getByText('log 2', { exact: true }).waitFor();
  await page.getByText('ENDED', { exact: true }).waitFor();
  await page.locator('.head .status-done').waitFor();
  await control('times').click();
  await control('wrap').click();
  await control('follow').click();
  await control('find').fill('log 1');
  await page.getByText('1 found').waitFor();
  await control('find').fill('');
  await control('pane-response').click();
  await page.getByText('response 2').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), control('download').click()]);
  assert.equal(readFileSync(await download.path(), 'utf8'), 'response 0\nresponse 1\nresponse 2');
  await control('pane-parameters').click();
  await page.getByText('"count": 3').waitFor();
});

test('a job is made from JSON; what the server refuses is shown at its field', async () => {
  const { page, control } = tab;
  await page.getByRole('link', { name: 'Create a job' }).click();
  await page.getByRole('radio', { name: 'TestWorker c' }).check();
  await control('as-json').click();
  await page.getByLabel('Parameters as JSON').fill('{"count": ');
  await control('create').click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Parameters as JSON').fill('{"count": 1, "colour": "red"}');
  await control('create').click();
  await page.getByRole('alert').waitFor();
  await page.locator('.fault', { hasText: 'colour' }).waitFor();
  await page.getByLabel('Parameters as JSON').fill('{"count": 1, "sleep": 0}');
  await control('as-form').click();
  assert.equal(await page.getByLabel('Count', { exact: true }).inputValue(), '1');
  await control('create').click();
  await page.locator('.head .status-idle').waitFor();
  await control('start').click();
  await page.locator('.head .status-done').waitFor();
  await control('delete').click();
  await control('confirm-ok').click();
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
});

test('a hostile log is text', async () => {
  const { page, control } = tab;
  const job = await makeJob({ worker: 'TestWorker' });
  const lines = ['<script>window.hacked = 1</script>', '<svg onload="window.hacked = 1">', '<img src=x onerror="window.hacked = 1">',
    '\u001b[31mred\u001b[0m plain', '\u001b]0;title\u0007after', 'bell\u0007', 'turned \u202e round', '::group::Folded', 'inside', '::endgroup::', 'outside'];
  for (const line of lines) await api('POST', `jobs/${job.id}/log`, line, 'text/plain');
  await go(`#/jobs/${job.id}`);
  const log = page.getByRole('log');
  for (const line of lines.slice(0, 3)) await log.getByText(line, { exact: true }).waitFor();
  assert.equal(await log.locator('.ansi-red').textContent(), 'red');
  assert.match(await log.textContent(), /after/);
  assert.doesNotMatch(await log.textContent(), /[\u0007\u001b\u202e]/);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('main script, main svg[onload], main img').count(), 0);
});

test('groups of a log fold', async () => {
  const { page } = tab;
  const worker = '#!/bin/sh\necho ::group::Details\necho inside\necho ::endgroup::\necho outside\n';
  await putWorker('Groups', worker);
  const job = await makeJob({ worker: 'Groups', start: true });
  await go(`#/jobs/${job.id}`);
  await page.getByText('inside', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Fold Details', exact: true }).click();
  await page.getByText('inside', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Unfold Details' }).click();
  await page.getByText('inside', { exact: true }).waitFor();
});

test('a log of 100,000 lines is windowed, and its beginning can be loaded', async () => {
  const { page, control } = tab;
  await putWorker('Much', '#!/bin/sh\nseq 1 100000\n');
  const job = await makeJob({ worker: 'Much', start: true });
  await api('GET', `jobs/${job.id}?wait=60`);
  await go(`#/jobs/${job.id}`);
  await page.getByText('100000', { exact: true }).waitFor();
  assert.ok(await page.locator('.line').count() < 200);
  await control('earlier').click();
  await page.getByText('2000 lines').waitFor();
});

test('a worker is edited: errors at their lines, saving, reverting, conflicts', async () => {
  const { page, control } = tab;
  await page.getByRole('link', { name: 'Workers', exact: true }).click();
  await control('reload').click();
  await control('code-of-TestWorker').click();
  const code = page.locator('.cm-content');
  await code.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('int broken(void) { return oops; }\n');
  await control('save').click();
  await page.getByRole('alert').getByText('1:', { exact: false }).first().waitFor();
  await page.locator('.cm-lint-marker-error').first().waitFor();
  await control('revert').click();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await code.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('/* mine */\n');
  await page.keyboard.press('Control+s');
  await page.getByText('Saved as version 2.').waitFor();
  await putWorker('TestWorker', `/* theirs */\n${sample('TestWorker.c')}`);
  await code.click();
  await page.keyboard.type('/* again */');
  await control('save').click();
  await control('load-theirs').click();
  await code.getByText('/* theirs */').waitFor();
  await code.click();
  await page.keyboard.type(' ');
  await page.getByRole('link', { name: 'Jobs', exact: true }).click();
  await control('confirm-cancel').click();
  await control('revert').click();
  await control('new-job').click();
  await page.getByRole('heading', { name: 'Create a job' }).waitFor();
});

test('a worker of each language is created from its template, runs, and is deleted', async () => {
  const { page, control } = tab;
  await page.getByRole('link', { name: 'Workers', exact: true }).click();
  await control('new-worker').click();
  for (const [kind, name] of [['c', 'NewC'], ['php', 'NewPhp'], ['sh', 'NewSh'], ['python', 'NewPython'], ['javascript', 'NewJs']]) {
    await page.getByRole('link', { name: 'Create a worker' }).click();
    await control(`kind-${kind}`).click();
    await page.getByLabel('Name', { exact: true }).fill(`${name}!`);
    assert.ok(await control('save').isDisabled());
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.locator('.cm-content').waitFor();
    await control('save').click();
    await page.getByText('version 1').waitFor();
    const job = await makeJob({ worker: name, parameters: { times: 1, name: 'Ada' }, start: true });
    assert.equal((await api('GET', `jobs/${job.id}?wait=30`)).status, 'done', name);
    const answer = await api('GET', `jobs/${job.id}/response`);
    assert.equal(answer.message, 'Hello Ada', name);
  }
  await control('delete').click();
  await control('confirm-ok').click();
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  await control('delete-NewSh').click();
  await control('confirm-ok').click();
  await page.locator('tr[data-worker="NewSh"]').waitFor({ state: 'detached' });
  await control('job-of-NewC').click();
  await page.getByRole('heading', { name: 'Create a job' }).waitFor();
  await control('worker-search').fill('NewPy');
  await page.getByRole('radio', { name: 'NewPython' }).waitFor();
  await control('brand').click();
});

test('the keyboard reaches everything, and the page has no serious fault of accessibility', async () => {
  const { page } = tab;
  await page.evaluate(axe);
  for (const hash of ['#/jobs', '#/create', '#/workers', '#/workers/TestWorker', '#/create-worker']) {
    await go(hash);
    await page.locator('main h1').waitFor();
    assert.deepEqual(await axeFaults(), [], hash);
  }
  await page.reload();
  await page.locator('main h1').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
});

test('light and dark can be chosen and are remembered', async () => {
  const { page, control } = tab;
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await control('theme').click();
  const dark = await ground();
  assert.notEqual(light, dark);
  await page.reload();
  await page.locator('main h1').waitFor();
  assert.equal(await ground(), dark);
  await page.evaluate(axe);
  assert.deepEqual(await axeFaults(), []);
});

test('nothing sticks out of a narrow screen', async () => {
  const { page } = tab;
  await page.setViewportSize({ width: 360, height: 740 });
  for (const hash of ['#/jobs', '#/create', '#/workers', '#/workers/TestWorker', '#/create-worker']) {
    await go(hash);
    await page.locator('main h1').waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), hash);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('a session that ends asks again and keeps what was typed', async () => {
  const { page, context, control } = tab;
  await go('#/create-worker');
  await page.getByLabel('Name', { exact: true }).fill('Kept');
  await page.locator('.cm-content').waitFor();
  await context.clearCookies();
  await control('save').click();
  await page.getByLabel('Password').fill(process.env.JOBJOKER_PASSWORD);
  await control('sign-in').click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Kept');
});

test('a server that is away is said, and its return noticed', async () => {
  const { page, context } = tab;
  await go('#/jobs');
  await context.setOffline(true);
  await page.getByText('The server cannot be reached. Trying again').waitFor();
  await context.setOffline(false);
  await page.getByText('The server cannot be reached. Trying again').waitFor({ state: 'detached' });
});

test('signing out ends the session', async () => {
  const { page, control, context } = tab;
  await go('#/jobs');
  const cookies = await context.cookies();
  assert.ok(cookies[0].httpOnly && cookies[0].sameSite === 'Strict');
  await control('sign-out').click();
  await page.getByRole('dialog').waitFor();
  const answer = await fetch(`${url}me`, { headers: { Cookie: `${cookies[0].name}=${cookies[0].value}` } });
  assert.equal(answer.status, 401);
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  // Of those that stand once per worker or job, one of each kind is enough.
  const kind = (name) => name.replace(/^(job-of|code-of|delete)-.*/, '$1-…').replace(/^(Fold|Unfold) .*/, '$1 …');
  const done = new Set([...clicked].map(kind));
  assert.deepEqual([...new Set([...seen].map(kind))].filter((name) => !done.has(name)), []);
  assert.deepEqual(complaints, []);
});
