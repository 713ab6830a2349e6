// Who is there: signing in and out, and what becomes of the page when a session ends.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PASSWORD,
  addUser,
  answerSignIn,
  api,
  codeOf,
  complaints,
  hasFocus,
  looksRight,
  makeJob,
  open,
  otherServer,
  putWorker,
  signIn,
  url,
} from './page.mjs';

const COUNTS = `#!/bin/sh
# Parameters: {"properties": {"count": {"type": "integer", "title": "Count"}}}
exit 0
`;
let tab;

before(async () => {
  await putWorker('Counts', COUNTS);
  for (const name of ['comes', 'goes']) await addUser(name, 'developer');
  tab = await open();
});
after(() => tab.close());

const dialog = () => tab.page.locator('dialog.sign-in');
const gone = (locator) => locator.waitFor({ state: 'detached' });
const isThere = (path) =>
  api('GET', path).then(
    () => true,
    () => false,
  );
const notes = (name) => {
  const seen = [];
  tab.page.on('response', (answer) => {
    const [method, path] = [answer.request().method(), new URL(answer.url()).pathname];
    if (name === `${method} ${path}`) seen.push(answer.status());
  });
  return seen;
};

test('who is not known is refused, comes in with a password, and goes out for good', async () => {
  const { page, control, context } = tab;
  await page.goto(`${url}htdocs/#/jobs`);
  await dialog().waitFor();
  assert.equal(await page.locator('main *').count(), 0, 'nothing is shown before');
  await hasFocus(dialog().locator('[name=password]'));
  await looksRight(page, 'sign in');
  await answerSignIn(tab, 'comes', 'not the password at all');
  await page.getByRole('alert').getByText('these credentials are not valid').waitFor();
  assert.deepEqual(await context.cookies(), []);
  await answerSignIn(tab, 'comes', PASSWORD);
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  const [cookie] = await context.cookies();
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict');
  const me = () => fetch(`${url}me`, { headers: { Cookie: `${cookie.name}=${cookie.value}` } });
  assert.equal((await me()).status, 200);
  await control('sign-out').click();
  await dialog().waitFor();
  assert.equal((await me()).status, 401);
  assert.deepEqual(await context.cookies(), []);
  assert.equal(await page.locator('main *').count(), 0, 'nothing of before is left');
});

test('code that was typed survives the end of the session, and is saved then', async () => {
  const { page, control, context } = tab;
  await signIn(tab, '#/create-worker', 'comes', PASSWORD);
  await page.getByLabel('Name', { exact: true }).fill('Survives');
  const code = page.locator('.cm-content');
  await code.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('# typed before the end');
  await context.clearCookies();
  const answers = notes('PUT /workers/Survives');
  await page.keyboard.press('Control+s');
  await dialog().getByText('Your session has ended. What you typed is still there.').waitFor();
  await looksRight(page, 'the session has ended');
  // It cannot be got out of the way.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.locator('dialog.sign-in:modal').waitFor();
  await answerSignIn(tab, 'comes', 'still not the password');
  await page.getByRole('alert').getByText('not valid').waitFor();
  await answerSignIn(tab, 'comes', PASSWORD);
  await gone(dialog());
  await page.getByText('Created Survives').waitFor();
  assert.deepEqual(answers, [401, 201], 'the refused request went on, once');
  assert.match((await codeOf('Survives')).toString(), /# typed before the end$/);
  // So does what is not being saved.
  await code.getByText('# typed before the end').click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' and after');
  await context.clearCookies();
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await dialog().waitFor();
  await answerSignIn(tab, 'comes', PASSWORD);
  await gone(dialog());
  await code.getByText('# typed before the end and after').waitFor();
  await hasFocus(code); // again
  await control('revert').click();
});

test('a form that was filled in is sent after the session was renewed', async () => {
  const { page, control, context } = tab;
  await signIn(tab, '#/create?worker=Counts', 'comes', PASSWORD);
  await page.getByLabel('Count', { exact: true }).fill('17');
  await page.getByLabel('Name', { exact: true }).fill('Sent after all');
  await context.clearCookies();
  await control('create').click();
  await answerSignIn(tab, 'comes', PASSWORD);
  await page.locator('.head .status-idle').waitFor();
  const id = (await page.evaluate(() => location.hash)).split('/')[2];
  const job = await api('GET', `jobs/${id}`);
  assert.deepEqual([job.name, job.parameters], ['Sent after all', { count: 17 }]);
});

test('a form in a dialog stays below the question who is there', async () => {
  const { page, control, context } = tab;
  await signIn(tab, '#/users');
  await control('user-new').click();
  await page.locator('#user-name').fill('typed');
  await page.locator('#user-password').fill(PASSWORD);
  await context.clearCookies();
  await control('form-ok').click();
  await answerSignIn(tab);
  await page.locator('tr[data-user=typed]').waitFor();
});

test('a list that is only looked at asks again by itself, and goes on', async () => {
  const { page, context } = tab;
  await signIn(tab, '#/jobs', 'comes', PASSWORD);
  await context.clearCookies();
  await dialog().waitFor();
  const job = await makeJob({ worker: 'Counts', name: 'made meanwhile' });
  assert.equal(await page.locator(`tr[data-job="${job.id}"]`).count(), 0);
  await answerSignIn(tab, 'comes', PASSWORD);
  await page.locator(`tr[data-job="${job.id}"]`).waitFor();
});

test('when somebody else signs in, the page starts over', async () => {
  const { page, context } = tab;
  await signIn(tab, '#/create-worker', 'comes', PASSWORD);
  await page.getByLabel('Name', { exact: true }).fill('NotHis');
  await page.locator('.cm-content').click();
  await page.keyboard.type('# a secret thought');
  await context.clearCookies();
  const answers = notes('PUT /workers/NotHis');
  page.once('dialog', () => assert.fail('nobody is asked whether the page may be left'));
  await page.keyboard.press('Control+s');
  await answerSignIn(tab, 'goes', PASSWORD);
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  assert.equal(await page.getByTestId('account').textContent(), 'goes');
  assert.match(page.url(), /#\/jobs$/);
  assert.deepEqual(answers, [401], 'the request of the one was not sent for the other');
  assert.equal(await isThere('workers/NotHis'), false);
  assert.doesNotMatch(await page.content(), /a secret thought/);
});

test('so it does when that was in another tab', async () => {
  const { page, context } = tab;
  await signIn(tab, '#/account', 'comes', PASSWORD);
  const other = await context.newPage();
  await other.goto(`${url}htdocs/`);
  await other.getByTestId('sign-out').click();
  await answerSignIn({ page: other, control: (id) => other.getByTestId(id) }, 'goes', PASSWORD);
  await other.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  await other.close();
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  assert.equal(await page.getByTestId('account').textContent(), 'goes');
});

test('a user who is disabled is out at once', async () => {
  const { page } = tab;
  await addUser('fired', 'operator');
  await signIn(tab, '#/jobs', 'fired', PASSWORD);
  await api('PUT', 'users/fired', JSON.stringify({ disabled: true }));
  await dialog().waitFor();
  await answerSignIn(tab, 'fired', PASSWORD);
  await page.getByRole('alert').getByText('not valid').waitFor();
});

test('where nobody need sign in, the page shows what anybody may, and who wants more signs in', async () => {
  const there = await otherServer('--set', 'JOBJOKER_ANONYMOUS=viewer');
  try {
    const { page, control, context } = tab;
    await context.clearCookies(); // they know no ports: those of the other server would be sent
    await page.goto(`${there.env.JOBJOKER_URL}/htdocs/`);
    await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
    assert.equal(await control('new-job').count(), 0);
    await control('account').click();
    await page.getByText('Not signed in').waitFor();
    await control('sign-in-here').click();
    await dialog().waitFor();
    await page.keyboard.press('Escape');
    await gone(dialog());
    await control('sign-in-here').click();
    await answerSignIn(tab, 'admin', there.env.JOBJOKER_PASSWORD);
    await control('new-job').waitFor();
    assert.equal(await control('account').textContent(), 'admin');
  } finally {
    await there.close();
  }
});

test('the browser had nothing to complain of', () => assert.deepEqual(complaints, []));
