// Pause and resume, limits, usage, and what becomes of lost jobs, as the page shows them. Other tests use the same
// server at the same time: workers and jobs here have names of their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { api, axeFaults, complaints, hasFocus, hasTitle, makeJob, open, putWorker, signIn } from './page.mjs';

const HELD = '#!/bin/sh\n# Description: Waits to be held.\necho running\nexec sleep 600\n';
const WANTS = `#!/bin/sh
# Description: Wants much.
# Options: {"timeout": 3600, "limits": {"memory": 536870912, "cpu": 0}, "on_lost": "requeue", "detach": true}
exit 0
`;
const SPENDS = `#!/usr/bin/python3
import sys
x = b'x' * (64 << 20)
sum(range(3000000))
print("::error::The account is empty", flush=True)
sys.exit(3)
`;
let tab;

before(async () => {
  await putWorker('Held', HELD);
  await putWorker('Wants', WANTS);
  await putWorker('Spends', SPENDS);
  tab = await open();
  await signIn(tab);
});
after(() => tab.close());

const go = (hash) =>
  tab.page.evaluate((h) => {
    location.hash = h;
  }, hash);
const running = async (job) => {
  const made = await makeJob({ worker: 'Held', start: true, ...job });
  for (;;) {
    const now = await api('GET', `jobs/${made.id}?wait=1`);
    if (now.pid !== null) return now;
  }
};
const told = (job, word) => api('PUT', `jobs/${job.id}/status`, word, 'text/plain');
const row = (job) => tab.page.locator(`tr[data-job="${job.id}"]`);
const field = (label) => tab.page.getByLabel(label, { exact: true });
const fact = (name) => tab.page.locator('.facts dt', { hasText: new RegExp(`^${name}$`) }).locator('xpath=..//dd');
const runnerOf = (job) => Number(readFileSync(`/proc/${job.pid}/status`, 'utf8').match(/^PPid:\s*(\d+)/m)[1]);

test('a job is paused and resumed with the keyboard alone, and says so', async () => {
  const { page, control } = tab;
  const job = await running({ name: 'To be held' });
  await go(`#/jobs/${job.id}`);
  assert.equal(await control('resume').count(), 0);
  await control('pause').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('Paused To be held').waitFor();
  await page.locator('.head .status-active').waitFor();
  await page.locator('.head .status-paused', { hasText: 'Paused' }).waitFor();
  assert.equal((await api('GET', `jobs/${job.id}`)).paused, true);
  await hasTitle(page, 'Paused: To be held');
  assert.equal(await control('pause').count(), 0);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    assert.deepEqual(await axeFaults(page), [], colorScheme);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  // The focus is where it was: on the button that now undoes it.
  await hasFocus(control('resume'));
  await page.keyboard.press('Enter');
  await page.locator('.head .status-paused').waitFor({ state: 'detached' });
  await page.getByRole('status').getByText('Resumed To be held').waitFor();
  assert.equal((await api('GET', `jobs/${job.id}`)).paused, false);
  await hasFocus(control('pause'));
  await told(job, 'kill');
  await page.locator('.head .status-stop').waitFor();
  assert.equal(await control('pause').count(), 0);
});

test('in the list, pause and resume are there where they do something', async () => {
  const { page, control } = tab;
  const [one, two] = [await running({ name: 'hold me 1' }), await running({ name: 'hold me 2' })];
  const idle = await makeJob({ worker: 'Held', name: 'hold me not' });
  // Who runs elsewhere can be told of, but not held.
  const elsewhere = await makeJob({ worker: 'Held', name: 'hold me elsewhere' });
  await told(elsewhere, 'active');
  await go('#/jobs?q=hold+me');
  await row(idle).getByRole('checkbox').check();
  await row(elsewhere).locator('.status-active').waitFor();
  await row(elsewhere).getByRole('checkbox').check();
  await control('stop').waitFor();
  for (const name of ['pause', 'resume']) assert.equal(await control(name).count(), 0, name);
  await row(one).getByRole('checkbox').check();
  await control('pause').click();
  await row(one).locator('.status-paused').waitFor();
  assert.equal(await control('pause').count(), 0);
  await row(two).getByRole('checkbox').check();
  await control('pause').click();
  await row(two).locator('.status-paused').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await control('resume').click();
  await page.getByText('Resumed 2 jobs').waitFor();
  for (const job of [one, two]) {
    await row(job).locator('.status-paused').waitFor({ state: 'detached' });
    await told(job, 'kill');
  }
  await told(elsewhere, 'done');
  await control('clear').click();
});

test('a pause that takes its time is said to be asked for, and shown when it is done', async () => {
  const { page, control } = tab;
  const job = await running({ name: 'Slow to hold' });
  const runner = runnerOf(job);
  await go(`#/jobs/${job.id}`);
  process.kill(runner, 'SIGSTOP');
  try {
    const answered = page.waitForResponse((answer) => answer.request().method() === 'PUT');
    await control('pause').click();
    assert.equal((await answered).status(), 202);
    await page.getByRole('status').getByText('Asked to pause: Slow to hold').waitFor();
    await control('pause').waitFor();
    assert.equal(await page.locator('.status-paused').count(), 0);
  } finally {
    process.kill(runner, 'SIGCONT');
  }
  await page.locator('.head .status-paused').waitFor();
  await told(job, 'kill');
});

test('limits are typed as people say them, and arrive', async () => {
  const { page, control } = tab;
  await go('#/create?worker=Wants');
  assert.equal(await field('Memory').isVisible(), false);
  await control('advanced').click();
  assert.equal(await field('Memory').getAttribute('placeholder'), '512 MiB');
  assert.equal(await field('Timeout').getAttribute('placeholder'), '1 h');
  assert.equal(await field('CPU time').getAttribute('placeholder'), 'no limit');
  assert.equal(await field('Log').getAttribute('placeholder'), null);
  assert.equal(await field('When it is lost').locator('option').first().textContent(), 'It is started again (preset)');
  await field('Timeout').fill('5 min');
  await field('CPU time').fill('90');
  await field('Memory').fill('1.5 GiB');
  await field('Processes').fill('64');
  await field('Open files').fill('100');
  await field('File size').fill('500 MB');
  await field('Log').fill('64K');
  await field('When it is lost').selectOption('fail');
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await axeFaults(page), [], colorScheme);
  }
  await page.emulateMedia({ colorScheme: null });
  await control('create').click();
  await page.locator('.head .status-idle').waitFor();
  const id = (await page.evaluate(() => location.hash)).split('/')[2];
  const job = await api('GET', `jobs/${id}`);
  assert.equal(job.timeout, 300);
  assert.equal(job.on_lost, 'fail');
  assert.deepEqual(job.limits, {
    cpu: 90,
    memory: 1610612736,
    files: 100,
    processes: 64,
    file_size: 500000000,
    log: 65536,
  });
  assert.equal(await fact('Memory').textContent(), '1.5 GiB');
  assert.equal(await fact('Memory').getAttribute('title'), '1,610,612,736 bytes');
  // Once more the same: the line that is closed tells of it.
  await control('again').click();
  await page.getByText('Advanced: Timeout 5 min, CPU time 90 s, Memory 1.5 GiB').waitFor();
  await control('create').click();
  await page.waitForFunction((old) => /^#\/jobs\/\w+/.test(location.hash) && !location.hash.includes(old), id);
  const again = await api('GET', `jobs/${(await page.evaluate(() => location.hash)).split('/')[2]}`);
  assert.deepEqual([again.limits, again.timeout, again.on_lost], [job.limits, 300, 'fail']);
});

test('what a limit cannot be is said at its field, by the page or by the server', async () => {
  const { page, control } = tab;
  await go('#/create?worker=Held');
  await control('advanced').click();
  await field('Timeout').fill('soon');
  await control('create').click();
  await page.getByText('Must be a time, such as 90, 5 min or 2 h.').waitFor();
  await hasFocus(page.locator('#job-timeout'));
  await field('Timeout').fill('');
  await field('Memory').fill('1 KiB');
  // Closed again, it opens for what is wrong in it.
  await control('advanced').click();
  await control('create').click();
  await page.getByRole('alert').getByText('the limit `memory` must be a number from 1048576').waitFor();
  await page.locator('#job-memory-help', { hasText: 'The limit `memory` must be' }).waitFor();
  assert.equal(await field('Memory').getAttribute('aria-invalid'), 'true');
  await hasFocus(page.locator('#job-memory'));
  assert.deepEqual(await axeFaults(page), []);
  await field('Memory').fill('1 GiB');
  assert.equal(await field('Memory').getAttribute('aria-invalid'), null);
  await control('create').click();
  await page.locator('.head .status-idle').waitFor();
});

test('a job that failed tells why, what it used and what it was allowed', async () => {
  const { page } = tab;
  const made = await makeJob({ worker: 'Spends', start: true, timeout: 90 });
  const job = await api('GET', `jobs/${made.id}?wait=60`);
  await go(`#/jobs/${job.id}`);
  await page.getByRole('alert').getByText('The account is empty').waitFor();
  assert.equal(await fact('Memory').getAttribute('title'), `${job.usage.max_rss.toLocaleString('en')} bytes`);
  assert.match(await fact('Memory').textContent(), /^\s*\d+(\.\d)? MiB/);
  assert.match(await fact('CPU').getAttribute('title'), /^user [\d.]+ s, system [\d.]+ s$/);
  assert.match(await fact('CPU').textContent(), /^\s*[\d.]+ m?s/);
  for (const name of ['Time', 'Read', 'Written', 'Switches']) assert.notEqual(await fact(name).textContent(), '', name);
  assert.equal(await fact('Timeout').textContent(), '90 s');
  for (const name of ['Attempt', 'Signal', 'If lost', 'Open files']) assert.equal(await fact(name).count(), 0, name);
  assert.doesNotMatch(await page.locator('.facts').textContent(), /null|undefined|NaN/);
  assert.deepEqual(await axeFaults(page), []);
});

test('a job that was lost and started again tells its attempt', async () => {
  const { page } = tab;
  const job = await running({ name: 'Lost once', on_lost: 'requeue' });
  await go(`#/jobs/${job.id}`);
  await page.locator('.head .status-active').waitFor();
  assert.equal(await fact('If lost').textContent(), 'is started again');
  assert.equal(await fact('Attempt').count(), 0);
  process.kill(runnerOf(job), 'SIGKILL');
  await fact('Attempt').getByText('2', { exact: true }).waitFor();
  await told(job, 'kill');
});

test('a worker tells its options, and one without has none', async () => {
  const { page } = tab;
  await go('#/workers/Wants');
  const options = page.getByLabel('Options', { exact: true });
  await options.getByText('512 MiB').waitFor();
  assert.equal(
    (await options.innerText()).replace(/\s+/g, ' '),
    'Timeout 1 h CPU time no limit Memory 512 MiB If lost is started again After its end what it started goes on',
  );
  await page.locator('.cm-content').waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await go('#/workers/Held');
  await page.getByText('Waits to be held.').first().waitFor();
  assert.equal(await options.count(), 0);
});

test('nothing of it sticks out of a narrow screen', async () => {
  const { page, control } = tab;
  const job = await running({ name: 'Held on a small telephone' });
  await api('PUT', `jobs/${job.id}/progress`, '42 of a hundred', 'text/plain');
  await told(job, 'pause');
  await page.setViewportSize({ width: 360, height: 740 });
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  await go(`#/jobs/${job.id}`);
  await page.locator('.head .status-paused').waitFor();
  assert.ok(await fits(), 'job');
  await go('#/jobs?q=small+telephone');
  await row(job).getByRole('checkbox').check();
  const box = await row(job).locator('.progress').boundingBox();
  assert.ok(box.x + box.width <= 360 - 16, 'the progress stays within its row');
  await control('resume').waitFor();
  assert.ok(await fits(), 'list');
  await control('clear').click();
  await go('#/create?worker=Wants');
  await control('advanced').click();
  await field('Memory').fill('1 KiB');
  await control('create').click();
  await page.locator('#job-memory[aria-invalid=true]').waitFor();
  assert.ok(await fits(), 'form');
  // What has the focus is not below the buttons that stay in sight.
  const [memory, buttons] = [await field('Memory').boundingBox(), await page.locator('.submit').boundingBox()];
  assert.ok(memory.y + memory.height <= buttons.y + 12, 'the field in question can be seen');
  await told(job, 'kill');
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('the browser had nothing to complain of', () => assert.deepEqual(complaints, []));
