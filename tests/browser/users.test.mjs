// Users, as an admin looks after them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PASSWORD,
  addUser,
  api,
  complaints,
  everyControlWasClicked,
  hasFocus,
  looksRight,
  open,
  putWorker,
  signIn,
  url,
} from './page.mjs';

let tab;

before(async () => {
  await putWorker('Granted', '#!/bin/sh\nexit 0\n');
  await putWorker('Other', '#!/bin/sh\nexit 0\n');
  tab = await open();
  await signIn(tab, '#/users');
});
after(() => tab.close());

const row = (name) => tab.page.locator(`tr[data-user="${name}"]`);
const control = (id) => tab.control(id);
const alert = (text) => tab.page.getByRole('dialog').getByRole('alert').getByText(text);
const closed = () => tab.page.getByRole('dialog').waitFor({ state: 'detached' });
const user = (name) => api('GET', `users/${name}`);
const basic = (name, password) =>
  fetch(`${url}me`, { headers: { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` } });

test('the keyboard alone creates a user, who can sign in then', async () => {
  const { page } = tab;
  await row('admin').waitFor();
  await page.keyboard.press('c');
  await page.getByRole('dialog', { name: 'New user' }).waitFor();
  await hasFocus(page.locator('#user-name'));
  await page.keyboard.type('keys');
  await page.keyboard.press('Tab'); // to the role
  await page.keyboard.press('ArrowDown');
  for (let i = 0; i < 2; i++) await page.keyboard.press('Tab'); // over the workers
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await row('keys').waitFor();
  await closed();
  assert.deepEqual(
    (({ role, workers, disabled, password }) => ({ role, workers, disabled, password }))(await user('keys')),
    { role: 'operator', workers: null, disabled: false, password: true },
  );
  assert.equal((await basic('keys', PASSWORD)).status, 200);
});

test('what is refused is said in the dialog, and what was typed stays', async () => {
  const { page } = tab;
  await control('user-new').click();
  await page.locator('#user-name').fill('keys');
  await page.locator('#user-password').fill('too short');
  await control('form-ok').click();
  await alert('a password has 12 to 1024 bytes').waitFor();
  await page.locator('#user-password').fill(PASSWORD);
  await control('show-hidden').click();
  assert.equal(await page.locator('#user-password').getAttribute('type'), 'text');
  await control('form-ok').click();
  await alert('there is a user keys already').waitFor();
  await page.locator('#user-name').fill('no such name!');
  await control('form-ok').click();
  await alert('the name of a user has').waitFor();
  await looksRight(page, 'new user');
  await control('form-cancel').click();
  await closed();
  await hasFocus(control('user-new')); // where it came from
});

test('workers are granted, also such as are not there yet, and not to an admin', async () => {
  const { page } = tab;
  await control('user-new').click();
  await page.locator('#user-name').fill('limited');
  await page.getByLabel('No password').check();
  await page.getByText('Only some').click();
  await page.getByLabel('Granted', { exact: true }).check();
  await control('grant-search').fill('Later');
  await control('grant-add').click();
  await control('grant-search').fill('Latest');
  await control('grant-search').press('Enter');
  assert.ok(await page.getByLabel('Latest').isChecked());
  await control('grant-search').fill('Oth');
  assert.equal(await page.getByLabel('Granted', { exact: true }).count(), 0, 'the search narrows');
  await control('grant-search').fill('');
  await page.getByRole('radio', { name: 'admin' }).check();
  assert.equal(await page.getByText('Only some').count(), 0);
  await page.getByRole('radio', { name: 'operator' }).check();
  await control('form-ok').click();
  await row('limited').getByText('Granted, Later and 1 more').waitFor();
  const made = await user('limited');
  assert.deepEqual([made.workers, made.password], [['Granted', 'Later', 'Latest'], false]);
  await row('limited').getByText('no password').waitFor();
  // Nothing is granted, which is not the same as all.
  await row('limited').getByTestId('user-edit').click();
  for (const name of made.workers) await page.getByLabel(name, { exact: false }).last().uncheck();
  await control('form-ok').click();
  await row('limited').getByText('no worker').waitFor();
  assert.deepEqual((await user('limited')).workers, []);
});

test('only what was changed is sent, so that others may change the rest meanwhile', async () => {
  const { page } = tab;
  await addUser('shared', 'viewer');
  await control('reload').click();
  await row('shared').getByTestId('user-edit').click();
  await page.getByRole('dialog', { name: 'User shared' }).waitFor();
  await api('PUT', 'users/shared', JSON.stringify({ role: 'operator' }));
  await page.getByLabel('Disabled').check();
  await control('form-ok').click();
  await row('shared').getByText('Disabled').waitFor();
  const now = await user('shared');
  assert.deepEqual([now.role, now.disabled], ['operator', true]);
  assert.equal((await basic('shared', PASSWORD)).status, 401);
  await row('shared').getByTestId('user-edit').click();
  await page.getByLabel('Disabled').uncheck();
  await control('form-ok').click();
  await row('shared').getByText('Enabled').waitFor();
});

test('a password is reset, or taken away', async () => {
  const { page } = tab;
  const other = 'another horse, another battery';
  await row('keys').getByTestId('user-set-password').click();
  await page.locator('#user-password').fill(other);
  await looksRight(page, 'password');
  await control('form-ok').click();
  await page.getByText('Changed the password of keys').waitFor();
  assert.deepEqual([(await basic('keys', PASSWORD)).status, (await basic('keys', other)).status], [401, 200]);
  await row('keys').getByTestId('user-set-password').click();
  await page.getByLabel('No password').check();
  await control('form-ok').click();
  await row('keys').getByText('no password').waitFor();
  assert.equal((await basic('keys', other)).status, 401);
});

test('a user is deleted after a question', async () => {
  const { page } = tab;
  await row('keys').getByTestId('user-delete').click();
  await page.getByRole('dialog', { name: 'Delete the user keys?' }).waitFor();
  await hasFocus(control('confirm-cancel'));
  await control('confirm-cancel').click();
  await closed();
  await row('keys').getByTestId('user-delete').click();
  await control('confirm-ok').click();
  await row('keys').waitFor({ state: 'detached' });
  await assert.rejects(user('keys'), /404/);
});

test('long lists come in pages, and a reload keeps them', async () => {
  const { page } = tab;
  for (let i = 0; i < 60; i++) await addUser(`many-${String(i).padStart(2, '0')}`, 'viewer', { password: null });
  await control('reload').click();
  const rows = page.locator('tr[data-user]');
  await page.waitForFunction(() => document.querySelectorAll('tr[data-user]').length === 50);
  await control('more').click();
  await page.waitForFunction(() => document.querySelectorAll('tr[data-user]').length > 60);
  const count = await rows.count();
  await api('DELETE', 'users/many-59');
  await control('reload').click();
  await row('many-59').waitFor({ state: 'detached' });
  assert.equal(await rows.count(), count - 1);
  await addUser('a.very.long.name.of.a.user.which.fills.all.sixty-four.abcd', 'viewer', { workers: [] });
  await control('reload').click();
  await row('a.very.long.name.of.a.user.which.fills.all.sixty-four.abcd').waitFor();
  await looksRight(page, 'users');
  await row('many-00').getByTestId('user-tokens').click();
  await page.getByText('many-00 has neither tokens nor sessions.').waitFor();
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('users.test.mjs');
  assert.deepEqual(complaints, []);
});
