// Schedules: explained while they are typed, made, run, changed, turned off and deleted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PASSWORD,
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
} from './page.mjs';

const PLANNED = `#!/bin/sh
# Description: Is run by a schedule.
# Parameters: {"required": ["folder"], "properties": {
#   "folder": {"type": "string", "title": "Folder"}, "full": {"type": "boolean", "title": "Full", "default": true}}}
echo "::response::$JOBJOKER_PARAM_folder"
`;
let tab;

before(async () => {
  await putWorker('Planned', PLANNED);
  tab = await open({ timezoneId: 'Asia/Tokyo' });
  await signIn(tab, '#/schedules');
});
after(() => tab.close());

const control = (id) => tab.control(id);
const field = (id) => tab.page.locator(`#schedule-${id}`);
const fault = (id, text) => tab.page.locator(`#schedule-${id}-help .fault`).getByText(text).waitFor();
const means = (text) => tab.page.locator('.meaning-words').getByText(text, { exact: true }).waitFor();
const row = (name) => tab.page.locator('tr[data-schedule]', { hasText: name });
const radio = (name, value) => tab.page.locator(`input[name="${name}"][value="${value}"]`);
const choosePlanned = () => tab.page.getByRole('radio', { name: 'Planned' }).check();
const find = async (name) => {
  for (let cursor = '', more = true; more; ) {
    const answer = await tab.page.evaluate(async (c) => (await fetch(`../schedules?limit=1000${c}`)).json(), cursor);
    const found = answer.data.find((schedule) => schedule.name === name);
    if (found) return found;
    cursor = `&cursor=${answer.next}`;
    more = Boolean(answer.next);
  }
  return null;
};
const make = (schedule) => api('POST', 'schedules', JSON.stringify(schedule));

test('an expression is explained while it is typed, in the zone that is meant', async () => {
  const { page } = tab;
  await control('schedule-new').click();
  assert.equal(await field('zone').inputValue(), 'Asia/Tokyo', 'the preset is where the browser is');
  await field('cron').fill('30 2 * * 1-5');
  await means('At 02:30 on Monday to Friday, in Asia/Tokyo.');
  await page.locator('.times li').nth(4).waitFor();
  assert.equal(await page.locator('.times li').count(), 5);
  for (const text of await page.locator('.times li').allTextContents())
    assert.match(text, /^(Mon|Tue|Wed|Thu|Fri) \d{4}-\d\d-\d\d 02:30 UTC\+9 /);
  await field('zone').fill('Europe/Vienna');
  await means('At 02:30 on Monday to Friday, in Europe/Vienna.');
  await page.locator('.times li', { hasText: /02:30 UTC\+[12]/ }).first().waitFor();
  await field('cron').fill('15 30 2 * * *');
  await page.locator('.times li', { hasText: '02:30:15' }).first().waitFor();
  await control('cron-example').nth(1).click();
  assert.equal(await field('cron').inputValue(), '30 2 * * *');
  await field('cron').fill('@reboot');
  await page.getByText('No time of the clock lies ahead.').waitFor();
  await field('cron').fill('0 25 * * *');
  await fault('cron', /not from 0 to 23/);
  assert.equal(await field('cron').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.locator('.times li').count(), 0, 'what was meant before is not shown any more');
  await field('cron').fill('0 5 * * *');
  await means('At 05:00 every day, in Europe/Vienna.');
  assert.equal(await field('cron').getAttribute('aria-invalid'), null);
  await field('zone').fill('Nowhere/City');
  await fault('zone', /Nowhere/);
  await field('zone').fill('UTC');
  await means('At 05:00 every day, in UTC.');
});

test('what is not right is said at its field, and nothing is made', async () => {
  const { page } = tab;
  await choosePlanned();
  await field('jitter').fill('soon');
  await field('cron').fill('');
  await control('schedule-save').click();
  await fault('jitter', /^Must be a time/);
  await fault('cron', /is needed/);
  await hasFocus(field('cron')); // the first fault
  await page.getByText('Is required.').waitFor();
  await page.getByLabel('Folder', { exact: false }).fill('/srv');
  await field('cron').fill('@every 1s');
  await field('jitter').fill('2 d');
  await radio('catch_up', 'all').check();
  await control('schedule-save').click();
  await fault('jitter', /seconds from 0 to 86400/);
  await field('jitter').fill('');
  await control('schedule-save').click();
  await fault('window', /too many to catch up with/);
  await looksRight(page, 'a schedule with a fault');
});

test('a schedule is made, with its job', async () => {
  const { page } = tab;
  await field('name').fill('Nightly films');
  await field('cron').fill('30 2 * * *');
  await field('zone').fill('Europe/Vienna');
  await field('jitter').fill('5 min');
  await field('window').fill('2 h');
  await radio('overlap', 'skip').check();
  await control('retries').click();
  await page.getByLabel('Retries', { exact: true }).fill('2');
  await control('advanced').click();
  await page.getByLabel('Timeout', { exact: true }).fill('10 min');
  await control('schedule-save').click();
  await row('Nightly films').getByText('At 02:30 every day, in Europe/Vienna').waitFor();
  const made = await find('Nightly films');
  assert.deepEqual(
    [made.cron, made.zone, made.overlap, made.catch_up, made.window, made.jitter, made.enabled, made.job],
    [
      '30 2 * * *',
      'Europe/Vienna',
      'skip',
      'all',
      7200,
      300,
      true,
      { worker: 'Planned', parameters: { folder: '/srv', full: true }, timeout: 600, retries: { limit: 2 } },
    ],
  );
  await row('Nightly films').getByTestId('schedule-details').click();
  await page.locator('tr.details .times li').nth(4).waitFor();
  await page.getByText('Of times that were missed: all of them run, up to 2 h back').waitFor();
  await looksRight(page, 'schedules');
});

test('a schedule is changed, and what was not touched stays', async () => {
  const { page } = tab;
  const before = await find('Nightly films');
  await row('Nightly films').getByTestId('schedule-edit').click();
  await page.getByRole('heading', { name: 'Nightly films' }).waitFor();
  await page.getByText('Advanced: Timeout 10 min').waitFor();
  await page.getByText('When it fails: Retries 2').waitFor();
  assert.ok(await radio('overlap', 'skip').isChecked());
  const sent = page.waitForRequest((request) => request.method() === 'PUT');
  await field('cron').fill('45 2 * * *');
  await control('schedule-on').uncheck();
  await looksRight(page, 'a schedule');
  await control('schedule-save').click();
  assert.deepEqual((await sent).postDataJSON(), { cron: '45 2 * * *', enabled: false });
  await row('Nightly films').getByText('At 02:45 every day, in Europe/Vienna').waitFor();
  await row('Nightly films').getByText('off', { exact: true }).waitFor();
  const now = await find('Nightly films');
  assert.deepEqual([now.job, now.window, now.name], [before.job, before.window, before.name]);
});

test('it is turned on and off with a switch, also by the keyboard', async () => {
  const { page } = tab;
  const turn = page.getByRole('switch', { name: 'Nightly films is enabled' });
  await turn.click();
  await page.getByText('Nightly films is on').waitFor();
  await row('Nightly films').getByText(/02:45 UTC\+[12]/).waitFor();
  await turn.focus();
  await page.keyboard.press('Space');
  await page.getByText('Nightly films is off').waitFor();
  assert.equal((await find('Nightly films')).enabled, false);
});

test('its job is run now, from the list and from its page', async () => {
  const { page } = tab;
  for (const where of ['list', 'page']) {
    await goIn(tab, '#/schedules');
    if (where === 'page') await row('Nightly films').getByTestId('schedule-edit').click();
    const place = where === 'page' ? page.getByRole('toolbar') : row('Nightly films');
    await place.getByTestId('schedule-run').click();
    await page.getByRole('heading', { name: 'Nightly films' }).waitFor();
    await page.locator('.head .status-done').waitFor();
    await control('pane-response').click();
    await page.getByRole('log').getByText('/srv', { exact: true }).waitFor();
  }
  await control('back').click();
  await control('jobs-schedules').click();
});

test('the last time and the jobs of a schedule are found from it, and it from them', async () => {
  const { page } = tab;
  const job = { worker: 'Planned', parameters: { folder: '/' } };
  const made = await make({ name: 'Each second', cron: '@every 1s', job });
  await row('Each second').getByTestId('schedule-last').click();
  await page.locator('.facts dt', { hasText: 'Meant for' }).waitFor();
  await page.locator('.facts a', { hasText: made.id.slice(-6) }).click();
  await page.locator('tr[data-job]').first().waitFor();
  await page.locator('.only', { hasText: 'Each second' }).waitFor();
  await api('PUT', `schedules/${made.id}`, '{"enabled": false}');
  await control('filter-schedule').click();
  await page.waitForFunction(() => location.hash === '#/jobs');
  await goIn(tab, '#/schedules');
  await control('reload').click();
  await row('Each second').getByTestId('schedule-jobs').click();
  await page.locator('.only', { hasText: 'Each second' }).waitFor();
});

test('what the server refuses of the job is said at its field', async () => {
  const { page } = tab;
  await goIn(tab, '#/schedules/new');
  await choosePlanned();
  await field('cron').fill('@daily');
  await page.getByLabel('Folder', { exact: false }).fill('/srv');
  await control('plan').click();
  await page.getByLabel('Slots', { exact: true }).fill('0');
  await control('schedule-save').click();
  await page.locator('#job-slots-help .fault').waitFor();
  await page.getByLabel('Slots', { exact: true }).fill('');
  await control('advanced').click();
  await page.getByLabel('Timeout', { exact: true }).fill('9999 d');
  await control('schedule-save').click();
  await page.locator('#job-timeout-help .fault', { hasText: 'seconds' }).waitFor();
  await control('back').click();
});

test('a worker that is gone is said, and another one can be chosen', async () => {
  const { page } = tab;
  await putWorker('Goes', '#!/bin/sh\n');
  const made = await make({ name: 'Left alone', cron: '@yearly', job: { worker: 'Goes' } });
  await api('DELETE', 'workers/Goes');
  await goIn(tab, `#/schedules/${made.id}`);
  await page.getByText('Its worker Goes is gone: choose another one.').waitFor();
  await choosePlanned();
  await page.getByLabel('Folder', { exact: false }).fill('/srv');
  await control('schedule-save').click();
  await row('Left alone').getByText('Planned').waitFor();
});

test('a schedule is deleted after a question', async () => {
  const { page } = tab;
  for (const name of ['Each second', 'Left alone']) {
    await row(name).getByTestId('schedule-delete').click();
    await page.getByRole('dialog', { name: `Delete the schedule ${name}?` }).waitFor();
    await control('confirm-ok').click();
    await row(name).waitFor({ state: 'detached' });
  }
  await row('Nightly films').getByTestId('schedule-edit').click();
  await page.getByRole('toolbar').getByTestId('schedule-delete').click();
  await control('confirm-ok').click();
  await page.getByRole('heading', { name: 'Schedules' }).waitFor();
  assert.equal(await find('Nightly films'), null);
  await goIn(tab, '#/schedules/01ARZ3NDEKTSV4RRFFQ69G5FAV');
  await page.getByText('This schedule is gone').waitFor();
});

test('who may not change schedules looks at them', async () => {
  const { page } = tab;
  const job = { worker: 'Planned', parameters: { folder: '/' } };
  const made = await make({ name: 'Looked at', cron: '@daily', job });
  await addUser('schedule-viewer', 'viewer');
  await signIn(tab, '#/schedules', 'schedule-viewer', PASSWORD);
  await row('Looked at').getByText('on', { exact: true }).waitFor();
  for (const name of ['schedule-new', 'schedule-run', 'schedule-edit', 'schedule-delete', 'schedule-enabled'])
    assert.equal(await control(name).count(), 0, name);
  await goIn(tab, `#/schedules/${made.id}`);
  await page.getByText('This is not for your role').waitFor();
  await api('DELETE', `schedules/${made.id}`);
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('schedules.test.mjs');
  assert.deepEqual(complaints, []);
});
