// Secrets: put, replaced, granted, deleted, and never shown.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api, complaints, everyControlWasClicked, looksRight, makeJob, open, putWorker, signIn } from './page.mjs';

const VALUE = 'sesame, open\nand a second line';
// It says how long what it has is: the value itself would be masked.
const TELLS = '#!/bin/sh\nprintf "::response::%s %s\\n" "${#DOOR}" "$(wc -c < "${CELLAR_FILE:-/dev/null}")"\n';
let tab;

before(async () => {
  await putWorker('Tells', TELLS);
  tab = await open();
  await signIn(tab, '#/secrets');
});
after(() => tab.close());

const control = (id) => tab.control(id);
const row = (name) => tab.page.locator(`tr[data-secret="${name}"]`);
const field = (id) => tab.page.locator(`#secret-${id}`);
const alert = (text) => tab.page.getByRole('dialog').getByRole('alert').getByText(text);
const whatAWorkerGets = async () => {
  const job = await makeJob({ worker: 'Tells', start: true });
  await api('GET', `jobs/${job.id}?wait=60`);
  return (await api('GET', `jobs/${job.id}/response`)).message;
};

test('a secret is created for some workers, which get it as a variable', async () => {
  const { page } = tab;
  await control('secret-new').click();
  await field('name').fill('DOOR');
  await field('value').fill(VALUE);
  await page.getByText('No worker gets it so far.').waitFor();
  await page.getByLabel('Tells', { exact: true }).check();
  await looksRight(page, 'new secret');
  await control('form-ok').click();
  await row('DOOR').getByText('variable').waitFor();
  await row('DOOR').getByText('Tells').waitFor();
  await row('DOOR').getByText('by admin').waitFor();
  assert.equal(await whatAWorkerGets(), `${VALUE.length} 0`);
});

test('its value is in no answer and nowhere on the page, and hidden while it is typed', async () => {
  const { page } = tab;
  const bodies = [];
  page.on('response', async (answer) => bodies.push(await answer.text().catch(() => '')));
  await control('reload').click();
  await row('DOOR').getByTestId('secret-edit').click();
  assert.equal(await field('value').inputValue(), '');
  assert.equal(await field('value').evaluate((area) => getComputedStyle(area).webkitTextSecurity), 'disc');
  await field('value').fill('seen on demand');
  await page.getByRole('button', { name: 'Show it' }).click();
  assert.equal(await field('value').evaluate((area) => getComputedStyle(area).webkitTextSecurity), 'none');
  await control('form-cancel').click();
  assert.doesNotMatch((await page.content()) + bodies.join('\n'), /sesame/);
});

test('a value is replaced and the rest stays, and the rest changes and the value stays', async () => {
  const { page } = tab;
  await row('DOOR').getByTestId('secret-edit').click();
  await field('value').fill('other');
  await control('form-ok').click();
  await page.getByText('Replaced the value of DOOR').waitFor();
  assert.equal(await whatAWorkerGets(), '5 0');
  await row('DOOR').getByTestId('secret-edit').click();
  await page.getByRole('radio', { name: 'All workers' }).check();
  await control('form-ok').click();
  await row('DOOR').getByText('all workers').waitFor();
  assert.equal(await whatAWorkerGets(), '5 0');
});

test('a name that is taken is not written over, and what the server refuses is said', async () => {
  await control('secret-new').click();
  await field('name').fill('DOOR');
  await field('value').fill('x');
  await control('form-ok').click();
  await alert('There is a secret DOOR already').waitFor();
  await field('name').fill('LD_PRELOAD');
  await control('form-ok').click();
  await alert(/LD_PRELOAD|variable|name/).waitFor();
  await field('name').fill('CELLAR');
  await tab.page.getByRole('radio', { name: 'File' }).check();
  await tab.page.getByRole('radio', { name: 'All workers' }).check();
  await control('form-ok').click();
  await row('CELLAR').getByText('file').waitFor();
  assert.equal(await whatAWorkerGets(), '5 1');
});

test('a secret is deleted after a question', async () => {
  const { page } = tab;
  await looksRight(page, 'secrets');
  for (const name of ['DOOR', 'CELLAR']) {
    await row(name).getByTestId('secret-delete').click();
    await page.getByRole('dialog', { name: `Delete the secret ${name}?` }).waitFor();
    await control('confirm-ok').click();
    await row(name).waitFor({ state: 'detached' });
  }
  assert.equal(await whatAWorkerGets(), '0 0');
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('secrets.test.mjs');
  assert.deepEqual(complaints, []);
});
