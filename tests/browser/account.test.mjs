// One's own account: what one may, the password, tokens and sessions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PASSWORD,
  addUser,
  answerSignIn,
  api,
  complaints,
  everyControlWasClicked,
  looksRight,
  open,
  signIn,
  url,
} from './page.mjs';

const FRESH = 'another horse, another battery';
let tab;
let token;

before(async () => {
  await addUser('myself', 'operator', { workers: ['Mine'] });
  ({ token } = await api('POST', 'tokens', JSON.stringify({ user: 'myself', name: 'of mine' })));
  tab = await open();
  await signIn(tab, '#/jobs', 'myself', PASSWORD);
});
after(() => tab.close());

const control = (id) => tab.control(id);
const fact = (name) => tab.page.locator('.account dt', { hasText: name }).locator('xpath=..//dd');
const row = (title) => tab.page.locator('tr[data-token]', { hasText: title });
const alert = (text) => tab.page.getByRole('dialog').getByRole('alert').getByText(text);
const asToken = async () => (await fetch(`${url}me`, { headers: { Authorization: `Bearer ${token}` } })).status;

test('it says who one is, what one may, and how that is known', async () => {
  const { page } = tab;
  await control('account').click();
  await page.getByRole('heading', { name: 'myself' }).waitFor();
  assert.match(await fact('Role').textContent(), /operator.*Makes, starts, stops/);
  assert.equal(await fact('May use').textContent(), 'Mine');
  assert.equal(await fact('Known by').textContent(), 'Signed in on this page');
  await row('of mine').waitFor();
  await row('Session').waitFor();
  await looksRight(page, 'account');
});

test('the password is changed by who knows the old one, and other sessions end', async () => {
  const { page } = tab;
  const other = await open();
  try {
    await signIn(other, '#/jobs', 'myself', PASSWORD);
    await control('password-change').click();
    const fill = async (old, fresh, again) => {
      await page.locator('#password-old').fill(old);
      await page.locator('#password-new').fill(fresh);
      await page.locator('#password-again').fill(again);
      await control('form-ok').click();
    };
    await fill(PASSWORD, FRESH, `${FRESH}!`);
    await alert('not the same in both fields').waitFor();
    await fill('not my password', FRESH, FRESH);
    await alert('the old password is another one').waitFor();
    await fill(PASSWORD, 'short', 'short');
    await alert('a password has 12 to 1024 bytes').waitFor();
    await looksRight(page, 'password');
    await fill(PASSWORD, FRESH, FRESH);
    await page.getByText('Changed the password. Your other sessions have ended.').waitFor();
    await other.page.locator('dialog.sign-in').waitFor();
    assert.equal(await page.locator('dialog').count(), 0, 'this one goes on');
    assert.equal(await asToken(), 200);
  } finally {
    await other.close();
  }
});

test('one’s own token is revoked', async () => {
  await row('of mine').getByTestId('token-end').click();
  await control('confirm-ok').click();
  await row('of mine').waitFor({ state: 'detached' });
  assert.equal(await asToken(), 401);
});

test('signing out everywhere ends all sessions, this one too', async () => {
  const { page } = tab;
  const other = await open();
  try {
    await signIn(other, '#/jobs', 'myself', FRESH);
    await control('reload').click();
    await page.waitForFunction(() => document.querySelectorAll('tr[data-token]').length === 2);
    await control('sign-out-everywhere').click();
    await page.getByRole('dialog', { name: 'Sign out everywhere?' }).waitFor();
    await control('confirm-ok').click();
    await other.page.locator('dialog.sign-in').waitFor();
    await page.locator('dialog.sign-in').waitFor();
    await answerSignIn(tab, 'myself', FRESH);
    await page.waitForFunction(() => document.querySelectorAll('tr[data-token]').length === 1);
  } finally {
    await other.close();
  }
});

test('who signed in with a token does not get at passwords and tokens', async () => {
  const { page, context } = tab;
  const made = await api('POST', 'tokens', JSON.stringify({ user: 'myself', name: 'for the page', role: 'viewer' }));
  await context.clearCookies();
  await page.goto('about:blank');
  await page.goto(`${url}htdocs/#/account`);
  await control('sign-in-way').click();
  await page.getByLabel('API token').fill(made.token);
  await control('sign-in').click();
  await page.getByText('by who signs in with a user and').waitFor();
  assert.equal(await fact('Known by').textContent(), 'Signed in on this page with an API token');
  assert.match(await fact('Role').textContent(), /^viewer/);
  for (const name of ['password-change', 'sign-out-everywhere', 'token-end'])
    assert.equal(await control(name).count(), 0, name);
  await looksRight(page, 'account by token');
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('account.test.mjs');
  assert.deepEqual(complaints, []);
});
