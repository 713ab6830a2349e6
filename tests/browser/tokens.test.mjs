// Tokens: created, told once, used, revoked.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import {
  addUser,
  api,
  complaints,
  everyControlWasClicked,
  goIn,
  hasFocus,
  looksRight,
  open,
  putWorker,
  signIn,
  url,
} from './page.mjs';

let tab;

before(async () => {
  await putWorker('Fetch', '#!/bin/sh\nexit 0\n');
  await addUser('holder', 'operator');
  tab = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
  await signIn(tab, '#/tokens');
});
after(() => tab.close());

const control = (id) => tab.control(id);
const row = (title) => tab.page.locator('tr[data-token]', { hasText: title });
const field = (id) => tab.page.locator(`#token-${id}`);
const clipboard = () => tab.page.evaluate(() => navigator.clipboard.readText());
const as = async (token) => {
  const answer = await fetch(`${url}me`, { headers: { Authorization: `Bearer ${token}` } });
  return { status: answer.status, me: (await answer.json()).data[0] };
};
const newToken = async (name, owner) => {
  await control('token-new').click();
  await field('user').getByRole('option', { name: owner, exact: true }).waitFor({ state: 'attached' });
  await field('name').fill(name);
  await field('user').selectOption(owner);
};

test('a token is told once: it is copied, works, and is nowhere after that', async () => {
  const { page } = tab;
  await newToken('Told once', 'holder');
  await looksRight(page, 'new token');
  await control('form-ok').click();
  const dialog = page.getByRole('dialog', { name: 'Token for Told once' });
  await dialog.getByText('Copy it now.').waitFor();
  await looksRight(page, 'token');
  const token = await field('text').inputValue();
  assert.match(token, /^jja_[\w-]{43}$/);
  // It is not lost to a key that was pressed by accident.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.locator('dialog.once:modal').waitFor();
  assert.equal(await field('text').inputValue(), token);
  await control('token-copy').click();
  await page.getByText('Copied the token').waitFor();
  assert.equal(await clipboard(), token);
  await control('token-copy-call').click();
  await page.getByText('Copied the call').waitFor();
  const call = await clipboard();
  assert.doesNotMatch(call, /jja_/, 'the token is left as a variable');
  const said = execFileSync('sh', ['-c', `${call} -s`], { env: { PATH: process.env.PATH, JOBJOKER_TOKEN: token } });
  assert.equal(JSON.parse(said).data[0].name, 'holder');
  await control('token-done').click();
  await dialog.waitFor({ state: 'detached' });
  await row('Told once').waitFor();
  const everywhere = () =>
    page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!(await everywhere()).includes(token));
  await page.reload();
  await row('Told once').waitFor();
  assert.ok(!(await everywhere()).includes(token));
  const { me } = await as(token);
  assert.deepEqual([me.name, me.role, me.via, me.workers], ['holder', 'operator', 'token', null]);
  await row('Told once').getByTestId('token-end').click();
  await page.getByRole('dialog', { name: 'Revoke Told once?' }).waitFor();
  await control('confirm-ok').click();
  await row('Told once').waitFor({ state: 'detached' });
  assert.equal((await as(token)).status, 401);
});

test('it is copied also where the browser has no clipboard for the page', async () => {
  const { page } = tab;
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }));
  await newToken('Without TLS', 'holder');
  await control('form-ok').click();
  const token = await field('text').inputValue();
  await control('token-copy').click();
  await page.getByText('Copied the token').waitFor();
  await hasFocus(control('token-copy'));
  await page.evaluate(() => delete navigator.clipboard);
  assert.equal(await clipboard(), token);
  await control('token-done').click();
});

test('role, workers, addresses and expiry limit it, and are shown', async () => {
  const { page } = tab;
  await newToken('Limited', 'holder');
  const choices = await field('role').locator('option').allTextContents();
  assert.deepEqual(choices, ['As the user (operator)', 'viewer'], 'no more than its user');
  await field('role').selectOption('viewer');
  await page.getByText('Only some').click();
  await page.getByLabel('Fetch', { exact: true }).check();
  await field('addresses').fill('192.0.2.0/24\nnonsense');
  await field('expiry').selectOption('at');
  await field('at').fill('2001-01-01T12:00');
  await control('form-ok').click();
  const alert = page.getByRole('dialog').getByRole('alert');
  await alert.getByText('is over already').waitFor();
  await field('at').fill('2060-01-01T12:00');
  await control('form-ok').click();
  await alert.getByText('nonsense is no address and no network').waitFor();
  await field('addresses').fill('192.0.2.0/24\n2001:db8::/32');
  await control('form-ok').click();
  const token = await field('text').inputValue();
  await control('token-done').click();
  await row('Limited').getByText('viewer, Fetch, from 192.0.2.0/24, 2001:db8::/32').waitFor();
  const expires = await row('Limited').locator('[data-label=Expires] time').getAttribute('datetime');
  assert.equal(Date.parse(expires), await page.evaluate(() => Date.parse('2060-01-01T12:00')));
  assert.equal((await as(token)).status, 401, 'not from here');
});

test('an admin’s token is warned of, and one of a lower role is not', async () => {
  const { page } = tab;
  await newToken('Mighty', 'admin');
  const warning = page.getByText('admin’s token can make other tokens');
  await warning.waitFor();
  assert.equal(await page.getByText('Only some').count(), 0);
  await field('role').selectOption('operator');
  await warning.waitFor({ state: 'detached' });
  await field('expiry').selectOption('');
  await control('form-ok').click();
  const { me } = await as(await field('text').inputValue());
  assert.deepEqual([me.name, me.role], ['admin', 'operator']);
  await control('token-done').click();
  await row('Mighty').getByText('never').first().waitFor();
});

test('the list is narrowed to a user, and last use and expiry are told', async () => {
  const { page } = tab;
  const { token } = await api('POST', 'tokens', JSON.stringify({ user: 'holder', name: 'Used' }));
  await as(token);
  await control('token-filter').selectOption('holder');
  await page.waitForFunction(() => location.hash === '#/tokens?user=holder');
  await row('Used').locator('[data-label="Last use"] time').waitFor();
  assert.equal(await page.locator('tr[data-token]', { hasText: 'admin' }).count(), 0);
  await control('reload').click();
  await page.reload();
  await row('Used').waitFor();
  assert.equal(await control('token-filter').inputValue(), 'holder');
  await goIn(tab, '#/tokens');
  await row('Session').first().waitFor();
  await looksRight(page, 'tokens');
});

test('a session is ended from here', async () => {
  const other = await open();
  try {
    await signIn(other, '#/jobs', 'holder', 'correct horse battery');
    await goIn(tab, '#/tokens?user=holder');
    await control('reload').click();
    await row('Session').getByTestId('token-end').click();
    await tab.page.getByRole('dialog', { name: 'End this session of holder?' }).waitFor();
    await control('confirm-ok').click();
    await row('Session').waitFor({ state: 'detached' });
    await other.page.locator('dialog.sign-in').waitFor();
  } finally {
    await other.close();
  }
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('tokens.test.mjs');
  assert.deepEqual(complaints, []);
});
