// The same done to many jobs at once: those that are selected, and all that a filter finds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  api,
  complaints,
  everyControlWasClicked,
  goIn,
  looksRight,
  makeJob,
  open,
  putWorker,
  signIn,
} from './page.mjs';

let tab;

before(async () => {
  await putWorker('Crowd', '#!/bin/sh\n# Description: One of many.\nexec sleep 600\n');
  await putWorker('Quick', '#!/bin/sh\n');
  tab = await open();
  await signIn(tab);
});
after(() => tab.close());

const control = (id) => tab.control(id);
const row = (id) => tab.page.locator(`tr[data-job="${id}"]`);
const choose = (id) => row(id).getByRole('checkbox').check();
const count = (query) => tab.page.evaluate(async (q) => (await (await fetch(`../jobs?${q}`)).json()).total, query);
const make = async (number, job) => {
  for (let i = 0; i < number; i++) await makeJob(job);
};

test('all that a filter finds are selected and deleted, but for what came after', async () => {
  const { page } = tab;
  await make(60, { worker: 'Crowd', name: 'crowd one' });
  await goIn(tab, '#/jobs?q=crowd+one');
  await page.getByText('50 of 60').waitFor();
  assert.equal(await control('choose-every').count(), 0);
  await control('choose-all').click();
  await page.getByText('50 selected').waitFor();
  await control('choose-every').click();
  await page.getByText('All 60 selected').waitFor();
  await looksRight(page, 'all of a filter are selected');
  assert.ok(await control('log').isDisabled());
  await makeJob({ worker: 'Crowd', name: 'crowd one' });
  await control('delete').click();
  const dialog = page.getByRole('dialog', { name: 'Delete 60 jobs?' });
  await dialog.getByText('What does not fit is left as it is.').waitFor();
  await control('confirm-ok').click();
  await page.getByText('Deleted 60 jobs').waitFor();
  await page.getByText('1 of 1').waitFor();
  assert.equal(await count('q=crowd+one'), 1);
  assert.equal(await page.getByText(/ selected$/).count(), 0, 'nothing is selected any more');
});

test('a click on a row takes the rest of a filter out again', async () => {
  const { page } = tab;
  await make(55, { worker: 'Quick', name: 'crowd two' });
  await goIn(tab, '#/jobs?q=crowd+two');
  await page.getByText('50 of 55').waitFor();
  await control('choose-all').click();
  await control('choose-every').click();
  await page.getByText('All 55 selected').waitFor();
  await page.locator('tr[data-job]').first().getByRole('checkbox').uncheck();
  await page.getByText('49 selected').waitFor();
  await control('start').click();
  await page.getByText('Started 49 jobs').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('tr[data-job] .status-done').length === 49);
  assert.equal(await count('q=crowd+two&status=idle'), 6);
  await control('clear').click();
});

test('those that are over are made once more, in one request', async () => {
  const { page } = tab;
  const jobs = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/bulk')) jobs.push(request.postDataJSON());
  });
  const over = [];
  for (let i = 0; i < 3; i++) over.push(await makeJob({ worker: 'Quick', name: 'crowd three', start: true }));
  for (const { id } of over) await api('GET', `jobs/${id}?wait=30`);
  await goIn(tab, '#/jobs?q=crowd+three');
  for (const { id } of over) await choose(id);
  await control('retry').click();
  await page.getByText('Made once more, and started: 3 jobs').waitFor();
  await page.getByText('6 of 6').waitFor();
  assert.deepEqual(
    jobs.map(({ action, ids }) => [action, [...ids].sort()]),
    [['retry', over.map(({ id }) => id).sort()]],
  );
  await control('clear').click();
});

test('how each one fared is told where not all did well', async () => {
  const { page } = tab;
  const first = await makeJob({ worker: 'Crowd', name: 'crowd first' });
  const next = await makeJob({ worker: 'Quick', name: 'crowd next', after: [first.id] });
  const free = await makeJob({ worker: 'Quick', name: 'crowd free' });
  await goIn(tab, '#/jobs?q=crowd+f');
  await choose(first.id);
  await choose(free.id);
  await control('delete').click();
  await control('confirm-ok').click();
  const outcome = page.getByRole('dialog', { name: 'Delete: 1 of 2 jobs not' });
  await outcome.locator('.not', { hasText: 'crowd first' }).getByText(/comes after|come after|wait/).waitFor();
  await outcome.locator('.went', { hasText: 'crowd free' }).getByText('Done', { exact: true }).waitFor();
  await looksRight(page, 'how each one fared');
  await control('outcome-close').click();
  assert.equal(await outcome.count(), 0);
  // It leads to the job.
  const other = await makeJob({ worker: 'Quick', name: 'crowd further' });
  await choose(other.id);
  await control('delete').click();
  await control('confirm-ok').click();
  await outcome.getByRole('link', { name: 'crowd first' }).click();
  await page.getByRole('heading', { name: 'crowd first' }).waitFor();
  assert.equal(await outcome.count(), 0);
  // What waits is taken out of its line.
  await goIn(tab, '#/jobs?q=crowd+next');
  await choose(next.id);
  await control('kill').click();
  await page.getByRole('dialog').getByText('It has not begun, and will not.').waitFor();
  await control('confirm-ok').click();
  await row(next.id).locator('.status-stop').waitFor();
});

test('who waits for its turn after a start is told', async () => {
  const { page } = tab;
  await api('PUT', 'queues/crowd', '{"slots": 1, "paused": true}');
  const jobs = [];
  for (let i = 0; i < 2; i++) jobs.push(await makeJob({ worker: 'Quick', name: 'crowd line', queue: 'crowd' }));
  await goIn(tab, '#/jobs?queue=crowd');
  for (const { id } of jobs) await choose(id);
  await control('start').click();
  await page.getByText('Waiting for its turn: 2 jobs').waitFor();
  await control('stop').click();
  await control('confirm-ok').click();
  await row(jobs[1].id).locator('.status-stop').waitFor();
  await api('DELETE', 'queues/crowd');
});

test('a refused request is said, and all stays selected', async () => {
  const { page } = tab;
  const jobs = [];
  for (let i = 0; i < 2; i++) jobs.push(await makeJob({ worker: 'Quick', name: 'crowd last' }));
  await goIn(tab, '#/jobs?q=crowd+last');
  for (const { id } of jobs) await choose(id);
  await page.route('**/bulk', (route) => route.abort());
  await control('start').click();
  await page.getByRole('status').getByText('The server cannot be reached.', { exact: true }).waitFor();
  await page.getByText('2 selected').waitFor();
  await page.unroute('**/bulk');
  await control('start').click();
  await page.getByText('Started 2 jobs').waitFor();
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('bulk.test.mjs');
  assert.deepEqual(complaints, []);
});
