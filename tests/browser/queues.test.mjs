// Queues: made, changed, paused and deleted; and what their jobs say of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PASSWORD,
  addUser,
  api,
  complaints,
  everyControlWasClicked,
  goIn,
  hasTitle,
  looksRight,
  makeJob,
  open,
  putWorker,
  signIn,
} from './page.mjs';

const QUEUED = '#!/bin/sh\n# Description: Takes a slot until it is stopped.\necho running\nexec sleep 600\n';
let tab;

before(async () => {
  await putWorker('Queued', QUEUED);
  tab = await open();
  await signIn(tab, '#/queues');
});
after(() => tab.close());

const control = (id) => tab.control(id);
const row = (name) => tab.page.locator(`tr[data-queue="${name}"]`);
const cell = (name, label) => row(name).locator(`td[data-label="${label}"]`);
const says = (name, label, text) => cell(name, label).getByText(text, { exact: true }).waitFor();
const field = (id) => tab.page.locator(`#queue-${id}`);
const alert = (text) => tab.page.getByRole('dialog').getByRole('alert').getByText(text);
const put = (name, queue) => api('PUT', `queues/${name}`, JSON.stringify(queue));

test('a queue is created, and what is wrong with it is said', async () => {
  const { page } = tab;
  await control('jobs-jobs').click();
  await control('jobs-queues').click();
  await control('queue-new').click();
  await field('name').fill('gpu');
  await field('slots').fill('two');
  await control('form-ok').click();
  await alert('Slots must be a whole number').waitFor();
  await field('slots').fill('0');
  await control('form-ok').click();
  await alert(/slots/).waitFor();
  await field('slots').fill('2');
  await looksRight(page, 'new queue');
  await control('form-ok').click();
  await says('gpu', 'Slots', '2');
  await says('gpu', 'Used', '0 of 2');
  await says('gpu', 'State', 'Open');
  assert.deepEqual((({ slots, paused }) => [slots, paused])(await api('GET', 'queues/gpu')), [2, false]);
  await control('queue-new').click();
  await field('name').fill('gpu');
  await control('form-ok').click();
  await alert('There is a queue gpu already').waitFor();
  await field('name').fill('a b');
  await control('form-ok').click();
  assert.ok(await field('name').evaluate((input) => !input.validity.valid), 'a name that cannot be is not sent');
  await control('form-cancel').click();
});

test('a job that waits says for what and at which place, and moves up', async () => {
  const { page } = tab;
  const job = (more) => makeJob({ worker: 'Queued', queue: 'gpu', start: true, ...more });
  const [first, second] = [await job({ slots: 2, name: 'both' }), await job({ name: 'waits first' })];
  const third = await job({ name: 'waits second', priority: -5 });
  await says('gpu', 'Used', '2 of 2');
  await says('gpu', 'Waiting', '2');
  await row('gpu').getByTestId('queue-jobs').click();
  await page.locator(`tr[data-job="${third.id}"]`).getByText('waits for a slot of gpu').waitFor();
  assert.equal(await page.locator('tr[data-job]').count(), 3);
  await page.locator(`tr[data-job="${third.id}"]`).getByText('Waiting', { exact: true }).waitFor();
  await looksRight(page, 'jobs of a queue');
  await page.getByRole('link', { name: 'waits second' }).click();
  const sentence = page.getByRole('status').filter({ hasText: 'Waits for a slot of the queue gpu, position 2' });
  await sentence.waitFor();
  await page.locator('.facts dd', { hasText: 'gpu' }).waitFor();
  await page.locator('.facts dd', { hasText: '-5' }).waitFor();
  await hasTitle(page, 'Waiting: waits second');
  assert.ok(await control('start').isDisabled(), 'it was started already');
  await looksRight(page, 'a job that waits');
  await control('stop').click();
  await page.getByRole('dialog').getByText('It has not begun, and will not.').waitFor();
  await control('confirm-cancel').click();
  await api('PUT', `jobs/${second.id}/status`, 'kill', 'text/plain');
  await page.getByRole('status').filter({ hasText: 'position 1' }).waitFor();
  await api('PUT', `jobs/${first.id}/status`, 'kill', 'text/plain');
  await page.locator('.head .status-active').waitFor();
  await sentence.waitFor({ state: 'detached' });
  await control('kill').click();
  await control('confirm-ok').click();
  await page.locator('.head .status-stop').waitFor();
});

test('a filter for a queue is seen, kept, and taken away', async () => {
  const { page } = tab;
  await makeJob({ worker: 'Queued', name: 'in no queue' });
  await goIn(tab, '#/jobs?queue=gpu&status=stop');
  await page.getByText('3 of 3').waitFor();
  await page.reload();
  await page.getByText('3 of 3').waitFor();
  await control('filter-idle').click();
  await page.getByText('No job fits').waitFor();
  await control('filter-queue').click();
  await page.getByRole('link', { name: 'in no queue' }).waitFor();
});

test('a queue is paused, resumed, changed and deleted', async () => {
  const { page } = tab;
  await goIn(tab, '#/queues');
  await row('gpu').getByTestId('queue-pause').click();
  await says('gpu', 'State', 'Paused');
  const job = await makeJob({ worker: 'Queued', queue: 'gpu', start: true });
  assert.equal(job.waiting.for, 'slot');
  await says('gpu', 'Waiting', '1');
  await row('gpu').getByRole('button', { name: 'Delete gpu' }).click();
  await control('confirm-ok').click();
  await alert(/wait/).waitFor();
  await control('confirm-cancel').click();
  await row('gpu').getByRole('button', { name: 'Resume gpu' }).click();
  await says('gpu', 'State', 'Open');
  await says('gpu', 'Used', '1 of 2');
  await api('PUT', `jobs/${job.id}/status`, 'kill', 'text/plain');
  await row('gpu').getByTestId('queue-edit').click();
  await field('slots').fill('');
  await field('paused').check();
  await control('form-ok').click();
  await says('gpu', 'Slots', 'no limit');
  await says('gpu', 'State', 'Paused');
  await put('wide', { slots: 12 });
  await control('reload').click();
  await says('wide', 'Used', '0 of 12');
  await looksRight(page, 'queues');
  for (const name of ['wide', 'gpu']) {
    await row(name).getByTestId('queue-delete').click();
    await page.getByRole('dialog', { name: `Delete the queue ${name}?` }).waitFor();
    await control('confirm-ok').click();
    await row(name).waitFor({ state: 'detached' });
  }
});

test('who may not change queues looks at them, and who is limited is told no numbers', async () => {
  await put('seen', { slots: 3 });
  await addUser('queue-viewer', 'viewer');
  await addUser('queue-little', 'operator', { workers: ['Queued'] });
  const controls = ['queue-new', 'queue-pause', 'queue-edit', 'queue-delete'];
  for (const [who, used] of [
    ['queue-viewer', '0 of 3'],
    ['queue-little', '–'],
  ]) {
    await signIn(tab, '#/queues', who, PASSWORD);
    await says('seen', 'Used', used);
    for (const name of controls) assert.equal(await control(name).count(), 0, `${name} for ${who}`);
  }
  await api('DELETE', 'queues/seen');
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('queues.test.mjs');
  assert.deepEqual(complaints, []);
});
