// Before there is an administrator, and while there is but one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { PASSWORD, answerSignIn, complaints, everyControlWasClicked, looksRight, open, otherServer } from './page.mjs';

let tab;
let there;

before(async () => {
  there = await otherServer('--no-admin');
  tab = await open();
});
after(async () => {
  await tab.close();
  await there.close();
});

// As the page says it, but for whom the test's server runs as.
function run(command) {
  const words = command.match(/cgi-bin\/jobjoker (.*)$/)[1].split(' ');
  const { JOBJOKER_SITE: site, JOBJOKER_DATA } = there.env;
  // The data folder is its user's, who is another one when root runs the tests.
  const { uid, gid } = statSync(JOBJOKER_DATA);
  const as = process.getuid() === 0 ? { uid, gid } : {};
  const env = { PATH: process.env.PATH, JOBJOKER_DATA };
  execFileSync(`${site}/cgi-bin/jobjoker`, words, { ...as, env, input: `${PASSWORD}\n` });
}

test('until there is an administrator, the page says how to create one, and then asks who is there', async () => {
  const { page, control } = tab;
  await page.goto(`${there.env.JOBJOKER_URL}/htdocs/`);
  await page.getByRole('heading', { name: 'No administrator yet' }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await looksRight(page, 'first run');
  await control('look-again').click();
  await page.getByRole('heading', { name: 'No administrator yet' }).waitFor();
  await tab.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await control('copy-command').last().click();
  await page.getByText('Copied the command').waitFor();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  run(command.replace('NAME', 'first'));
  await control('look-again').click();
  await answerSignIn(tab, 'first', PASSWORD);
  await page.getByText('No jobs yet').waitFor();
});

test('what is empty says so, and leads on', async () => {
  const { page } = tab;
  for (const [hash, text] of [
    ['#/workers', 'No workers yet'],
    ['#/tokens?user=nobody', 'nobody has neither tokens nor sessions'],
    ['#/secrets', 'No secrets yet'],
    ['#/audit?user=nobody', 'No row fits'],
  ]) {
    await page.evaluate((h) => {
      location.hash = h;
    }, hash);
    await page.getByText(text).waitFor();
    await looksRight(page, hash);
  }
});

test('the last administrator can neither go nor become less, and is told so', async () => {
  const { page, control } = tab;
  const refused = () => page.getByRole('dialog').getByRole('alert').getByText('first is the last admin');
  await control('tab-users').click();
  const row = page.locator('tr[data-user=first]');
  await row.getByText('you', { exact: true }).waitFor();
  await row.getByTestId('user-delete').click();
  await control('confirm-ok').click();
  await refused().waitFor();
  await looksRight(page, 'the last admin');
  await control('confirm-cancel').click();
  for (const change of [page.getByRole('radio', { name: 'viewer' }), page.getByLabel('Disabled')]) {
    await row.getByTestId('user-edit').click();
    await change.check();
    await control('form-ok').click();
    await refused().waitFor();
    await control('form-cancel').click();
  }
  await row.getByText('Enabled').waitFor();
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('first_run.test.mjs');
  assert.deepEqual(complaints, []);
});
