// When a job runs, and how often: what the form asks for, attempts with their own logs, and jobs that are made once
// more.
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

// Fails as often as it is told to, and says which attempt it is.
const STUBBORN = `#!/bin/sh
# Description: Fails at first.
# Options: {"retries": {"limit": 1, "delay": 0}}
# Parameters: {"properties": {"fails": {"type": "integer", "title": "Fails", "default": 0}}}
echo "attempt $JOBJOKER_ATTEMPT"
echo "::response::said by $JOBJOKER_ATTEMPT"
[ "$JOBJOKER_ATTEMPT" -gt "$JOBJOKER_PARAM_fails" ] || exit 75
`;
let tab;

before(async () => {
  await putWorker('Stubborn', STUBBORN);
  await putWorker('Halts', '#!/bin/sh\nexec sleep 600\n');
  await api('PUT', 'queues/plan', '{"slots": 4}');
  tab = await open({ timezoneId: 'Europe/Vienna' });
  await signIn(tab, '#/create?worker=Stubborn');
});
after(() => tab.close());

const control = (id) => tab.control(id);
const field = (label) => tab.page.getByLabel(label, { exact: true });
const wish = (name) => tab.page.locator(`#job-${name}`);
const fault = (name, text) => tab.page.locator(`#job-${name}-help .fault`).getByText(text).waitFor();
const shown = async () => (await tab.page.evaluate(() => location.hash)).split(/[/?]/)[2];
const line = (text) => tab.page.getByRole('log').getByText(text, { exact: true });
const attempt = (number) => tab.page.locator(`tr[data-attempt="${number}"]`);

test('queue, time and retries are asked for, and what is wrong is said at its field', async () => {
  const { page } = tab;
  await control('plan').click();
  await wish('queue').selectOption('plan');
  await field('Slots').fill('2.5');
  await field('Priority').fill('2000');
  await wish('run_at').fill('2031-07-01T12:00');
  await control('after-add').click();
  await control('after-job').fill('no id');
  await control('retries').click();
  await field('Delay').fill('10 s');
  await control('create').click();
  await fault('slots', /^Must be a whole number/);
  await fault('priority', /from -1,000 to 1,000/);
  await fault('retry_limit', 'Says how often, first.');
  await page.locator('#job-after-help .fault').getByText('Must be ids of jobs.').waitFor();
  await looksRight(page, 'the plan of a job');
  const first = await makeJob({ worker: 'Halts' });
  await field('Slots').fill('2');
  await field('Priority').fill('-7');
  await control('after-job').fill(first.id);
  await control('after-on').selectOption('ended');
  await control('after-add').click();
  await control('after-remove').nth(1).click();
  await field('Retries').fill('3');
  await field('Factor').fill('1.5');
  await field('Longest delay').fill('2 min');
  await field('Jitter').fill('0.5');
  await field('Exit statuses').fill('75, 1');
  await control('create').click();
  await page.locator('.head .status-idle').waitFor();
  const job = await api('GET', `jobs/${await shown()}`);
  assert.deepEqual(job.after, [{ job: first.id, on: 'ended', status: null }]);
  assert.deepEqual([job.queue, job.slots, job.priority, job.scheduled], ['plan', 2, -7, '2031-07-01T10:00:00.000Z']);
  const { limit, delay, factor, max_delay, jitter, on_exit } = job.retries;
  assert.deepEqual([limit, delay, factor, max_delay, jitter, on_exit], [3, 10, 1.5, 120, 0.5, [1, 75]]);
});

test('what the server refuses of it is said at its field', async () => {
  await goIn(tab, '#/create?worker=Stubborn');
  await control('plan').click();
  await control('after-add').click();
  await control('after-job').fill('01ARZ3NDEKTSV4RRFFQ69G5FAV');
  await control('create').click();
  await tab.page.locator('#job-after-help .fault').getByText(/there is no job/).waitFor();
  await control('after-remove').click();
  await wish('queue').selectOption('plan');
  await api('DELETE', 'queues/plan');
  await control('create').click();
  await fault('queue', /no queue plan/);
});

test('a job like another one has its plan too', async () => {
  const { page } = tab;
  await api('PUT', 'queues/plan', '{"slots": 4}');
  const job = await makeJob({ worker: 'Stubborn', queue: 'plan', slots: 2, retries: { limit: 4 }, start: true });
  await api('GET', `jobs/${job.id}?wait=30`);
  await goIn(tab, `#/jobs/${job.id}`);
  await control('again').click();
  await page.getByText('When it runs: Queue plan, 2 slots').waitFor();
  await page.getByText('When it fails: Retries 4').waitFor();
  // As its worker says, so that nothing has to be said.
  const plain = await makeJob({ worker: 'Stubborn' });
  await goIn(tab, `#/create?worker=Stubborn&like=${plain.id}`);
  await page.getByText('When it fails', { exact: true }).waitFor();
  await control('retries').click();
  assert.equal(await field('Retries').getAttribute('placeholder'), '1');
  assert.equal(await field('Retries').inputValue(), '');
});

test('attempts are listed, each with its own log and response', async () => {
  const { page } = tab;
  const job = await makeJob({ worker: 'Stubborn', parameters: { fails: 2 }, retries: { limit: 3, delay: 0 } });
  await goIn(tab, `#/jobs/${job.id}?pane=attempts`);
  await page.getByText('The job was not started yet.').waitFor();
  await control('start').click();
  await page.locator('.head .status-done').waitFor();
  await attempt(3).locator('.status-done').waitFor();
  for (const number of [1, 2]) {
    await attempt(number).locator('.status-error').waitFor();
    await attempt(number).locator('td[data-label=Exit]', { hasText: '75' }).waitFor();
  }
  await looksRight(page, 'attempts');
  await attempt(2).getByTestId('attempt-log').click();
  await line('attempt 2').waitFor();
  assert.equal(await page.locator('.earlier').count(), 0, 'nothing of it is missing');
  for (const other of [1, 3]) assert.equal(await line(`attempt ${other}`).count(), 0);
  await control('attempt').selectOption('1');
  await line('attempt 1').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), control('download').click()]);
  assert.equal(download.suggestedFilename(), `${job.id}-log-1.txt`);
  await control('attempt').selectOption('');
  for (const number of [1, 2, 3]) await line(`attempt ${number}`).waitFor();
  await control('pane-response').click();
  await line('said by 3').waitFor();
  await control('attempt').selectOption('1');
  await line('said by 1').waitFor();
  await page.keyboard.press('a');
  await attempt(1).getByTestId('attempt-response').click();
  await line('said by 1').waitFor();
  await control('pane-attempts').click();
  await attempt(3).waitFor();
});

test('a long log of a later attempt is loaded from its own beginning', async () => {
  const { page } = tab;
  await putWorker(
    'Long-winded',
    '#!/bin/sh\nseq -f "$JOBJOKER_ATTEMPT says %.0f" 1 1500\n[ "$JOBJOKER_ATTEMPT" = 2 ] || exit 1\n',
  );
  const job = await makeJob({ worker: 'Long-winded', retries: { limit: 1, delay: 0 }, start: true });
  await api('GET', `jobs/${job.id}?wait=30`);
  await goIn(tab, `#/jobs/${job.id}?pane=log&attempt=2`);
  await line('2 says 1500').waitFor();
  await page.getByText(/^50\d earlier entries not loaded$/).waitFor();
  await control('earlier').click();
  await control('earlier').waitFor({ state: 'detached' });
  await page.getByRole('log').press('Home');
  await line('2 says 1').waitFor();
  assert.equal(await line('1 says 1500').count(), 0);
});

test('a job that waits for its next attempt says until when, begins it at once, and can be stopped', async () => {
  const { page } = tab;
  const job = await makeJob({
    worker: 'Stubborn',
    parameters: { fails: 9 },
    retries: { limit: 5, delay: 3600 },
    start: true,
  });
  await goIn(tab, `#/jobs/${job.id}`);
  const says = (number) =>
    page.getByRole('status').filter({ hasText: `Attempt ${number} failed. The next one begins in` }).waitFor();
  await says(1);
  await control('start').click();
  await says(2);
  await control('stop').click();
  await control('confirm-ok').click();
  await page.locator('.head .status-stop').waitFor();
});

test('a job that is over is made once more, and its page is shown', async () => {
  const { page } = tab;
  const job = await makeJob({ worker: 'Stubborn', name: 'Once more', parameters: { fails: 5 }, start: true });
  await goIn(tab, `#/jobs/${job.id}`);
  await page.locator('.head .status-error').waitFor();
  await control('retry').click();
  await page.waitForFunction((id) => !location.hash.includes(id), job.id);
  await page.locator('.head .status-error').waitFor();
  const made = await api('GET', `jobs/${await shown()}`);
  assert.deepEqual([made.name, made.parameters, made.retries], [job.name, job.parameters, job.retries]);
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('plan.test.mjs');
  assert.deepEqual(complaints, []);
});
