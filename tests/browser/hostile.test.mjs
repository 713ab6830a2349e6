// Texts from elsewhere are texts: in logs and responses, in names, reasons and paths.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addUser, api, complaints, goIn, makeJob, open, putWorker, signIn } from './page.mjs';

const SCRIPT = '<script>window.hacked = 1</script>';
const IMAGE = '<img src=x onerror="window.hacked = 1">';
const SVG = '<svg onload="window.hacked = 1">';
let tab;

before(async () => {
  await putWorker('Speaks', `#!/bin/sh\n# Description: ${IMAGE}\necho '::error::${SVG}'\nexit 1\n`);
  tab = await open();
  await signIn(tab);
});
after(() => tab.close());

const lines = () => tab.page.getByRole('log');
const isHarmless = async (where) => {
  const { page } = tab;
  assert.equal(await page.evaluate(() => window.hacked), undefined, where);
  for (const bad of ['script', 'img', 'iframe', 'svg[onload]', 'a[href^="javascript:"]'])
    assert.equal(await page.locator(`main ${bad}`).count(), 0, `${where}: ${bad}`);
};

test('a hostile log is text, and so is a response', async () => {
  const { page } = tab;
  const job = await makeJob({ worker: 'Speaks' });
  const hostile = [
    SCRIPT,
    SVG,
    IMAGE,
    '\u001b[31mred\u001b[0m plain',
    '\u001b]0;title\u0007after',
    '\u001b]8;;javascript:window.hacked=1\u001b\\linked\u001b]8;;\u001b\\',
    '\u001b[2J\u001b[1;1Hcleared',
    'bell\u0007',
    'turned \u202e round',
    '::group::<b>bold</b>',
  ];
  for (const kind of ['log', 'response'])
    for (const text of hostile) await api('POST', `jobs/${job.id}/${kind}`, text, 'text/plain');
  for (const pane of ['log', 'response']) {
    await goIn(tab, `#/jobs/${job.id}?pane=${pane}`);
    for (const text of [...hostile.slice(0, 3), 'after', 'linked', 'cleared'])
      await lines().getByText(text, { exact: true }).waitFor();
    assert.equal(await lines().locator('.ansi-red').textContent(), 'red');
    assert.doesNotMatch(await lines().textContent(), /[\u0007\u001b\u202e]/);
    assert.equal(await lines().locator('a, b').count(), 0);
    // Found text is marked within it, and stays text.
    await page.getByTestId('find').fill('window.hacked');
    await lines().locator('mark').first().waitFor();
    await isHarmless(pane);
  }
});

test('names, parameters, reasons and descriptions are text in every view', async () => {
  const { page } = tab;
  const job = await makeJob({ worker: 'Speaks', name: IMAGE, parameters: { [SVG]: SCRIPT }, start: true });
  await api('GET', `jobs/${job.id}?wait=60`);
  const wish = { name: IMAGE, cron: '@yearly', job: { worker: 'Speaks', parameters: { [SVG]: SCRIPT } } };
  const schedule = await api('POST', 'schedules', JSON.stringify(wish));
  for (const [hash, text] of [
    ['#/jobs', IMAGE],
    ['#/jobs', SCRIPT],
    [`#/jobs/${job.id}`, IMAGE],
    [`#/jobs/${job.id}`, SVG],
    [`#/jobs/${job.id}?pane=parameters`, SCRIPT],
    [`#/jobs/${job.id}?pane=graph`, IMAGE],
    ['#/schedules', IMAGE],
    [`#/schedules/${schedule.id}`, IMAGE],
    [`#/jobs?schedule=${schedule.id}`, IMAGE],
    ['#/workers', IMAGE],
    ['#/workers/Speaks', IMAGE],
    ['#/create?worker=Speaks', IMAGE],
    [`#/create?worker=Speaks&like=${job.id}`, IMAGE],
  ]) {
    await goIn(tab, hash);
    await page.locator('main').getByText(text).first().waitFor();
    await isHarmless(hash);
  }
  await api('DELETE', `schedules/${schedule.id}`);
  await goIn(tab, '#/jobs');
  await page.locator(`tr[data-job="${job.id}"]`).getByRole('checkbox').check();
  await page.getByTestId('delete').click();
  await page.getByRole('dialog').getByText(`Delete ${IMAGE}?`).waitFor();
  await isHarmless('a question');
  await page.getByTestId('confirm-ok').click();
  await page.getByText(`Deleted ${IMAGE}`).waitFor();
  await isHarmless('a message');
});

test('so they are among users, tokens and in the audit trail', async () => {
  const { page } = tab;
  await addUser('+cmd@evil', 'viewer');
  await api('POST', 'tokens', JSON.stringify({ user: '+cmd@evil', name: IMAGE })).catch(() => {});
  await api('POST', 'tokens', JSON.stringify({ name: IMAGE }));
  await goIn(tab, '#/tokens?user=admin');
  const row = page.locator('tr[data-token]', { hasText: IMAGE });
  await row.waitFor();
  await row.getByTestId('token-end').click();
  await page.getByRole('dialog', { name: `Revoke ${IMAGE}?` }).waitFor();
  await isHarmless('revoke');
  await page.getByTestId('confirm-ok').click();
  await row.waitFor({ state: 'detached' });
  // What stands in the address is no more than a text either.
  for (const view of [
    ...['tokens?user=', 'audit?user=', 'audit?object='],
    ...['jobs?worker=', 'jobs?q=', 'jobs?queue=', 'jobs?schedule='],
  ]) {
    await goIn(tab, `#/${view}${encodeURIComponent(IMAGE)}`);
    await page.locator('.empty').waitFor();
    await isHarmless(view);
  }
  await goIn(tab, `#/users/${encodeURIComponent('../../me')}`);
  await page.getByText('There is no such page').waitFor();
});

test('what the server says when it refuses is text', async () => {
  const { page } = tab;
  await goIn(tab, '#/users');
  await page.getByTestId('user-new').click();
  await page.locator('#user-name').fill('x');
  await page.locator('#user-password').fill('correct horse battery');
  await page.route('**/users', (route) =>
    route.fulfill({ status: 422, json: { success: false, message: IMAGE, code: 'x', data: [] } }),
  );
  await page.getByTestId('form-ok').click();
  await page.getByRole('alert').getByText(IMAGE).waitFor();
  await isHarmless('a refusal');
  await page.unroute('**/users');
  await page.getByTestId('form-cancel').click();
});

test('the browser had nothing to complain of', () => assert.deepEqual(complaints, []));
