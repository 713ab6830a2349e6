// The audit trail: found, narrowed, opened, and taken along as CSV.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import {
  PASSWORD,
  addUser,
  api,
  complaints,
  everyControlWasClicked,
  goIn,
  looksRight,
  open,
  putWorker,
  signIn,
  url,
} from './page.mjs';

let tab;

// What is done here bears names of its own: other test files leave rows, too.
before(async () => {
  await addUser('audited', 'viewer');
  await putWorker('Audited', '#!/bin/sh\nexit 0\n');
  const { token } = await api('POST', 'tokens', JSON.stringify({ user: 'audited', name: 'audited' }));
  await fetch(`${url}workers/Audited`, { method: 'DELETE', headers: { Authorization: `Bearer ${token}` } });
  await fetch(`${url}session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ user: 'audited', password: `not ${PASSWORD}` }),
  });
  await api('PUT', 'users/audited', JSON.stringify({ role: 'operator' }));
  tab = await open();
  await signIn(tab, '#/audit');
});
after(() => tab.close());

const control = (id) => tab.control(id);
const rows = () => tab.page.locator('tr[data-audit]');
const hashIs = (hash) => tab.page.waitForFunction((h) => location.hash === h, hash);
// What is shown, once the answer to the last change of a filter is: [result, what].
const shown = async (count) => {
  await tab.page.waitForFunction((n) => document.querySelectorAll('tr[data-audit]').length === n, count);
  return rows().evaluateAll((all) =>
    all.map((row) =>
      [row.querySelector('.status').textContent, row.querySelector('.main').innerText].map((text) =>
        text.replace(/\s+/g, ' ').trim(),
      ),
    ),
  );
};

test('rows say who did what and what came of it, in words too', async () => {
  const { page } = tab;
  await rows().first().waitFor();
  await control('audit-object').fill('Audited');
  await hashIs('#/audit?object=Audited');
  assert.deepEqual(await shown(2), [
    ['Refused 403', 'DELETE /workers/:name Audited'],
    ['Allowed 201', 'PUT /workers/:name Audited'],
  ]);
  await page.locator('tr[data-audit]', { hasText: 'forbidden' }).getByText('by token').waitFor();
  await looksRight(page, 'audit');
});

test('a row opens with the keyboard, and tells all that is known', async () => {
  const { page } = tab;
  const [fold] = [control('audit-details').first()];
  await fold.focus();
  await page.keyboard.press('Enter');
  const details = page.locator('tr.details:not([hidden])');
  await details.getByText('Hash').waitFor();
  assert.equal(await fold.getAttribute('aria-expanded'), 'true');
  assert.equal(await fold.getAttribute('aria-controls'), await details.getAttribute('id'));
  const seq = await rows().first().getAttribute('data-audit');
  const { hash, request, time } = await api('GET', 'audit?object=Audited&limit=1');
  for (const text of [hash, request, '403 forbidden', Number(seq).toLocaleString('en')])
    await details.getByText(text, { exact: true }).waitFor();
  await details.getByText(`(${time})`).waitFor();
  await looksRight(page, 'an open row');
  await page.keyboard.press('Enter');
  await details.waitFor({ state: 'detached' });
});

test('each filter narrows, is in the address, and is there after a reload', async () => {
  const { page } = tab;
  await control('audit-result-refused').click();
  await hashIs('#/audit?object=Audited&result=refused');
  assert.equal((await shown(1))[0][0], 'Refused 403');
  await control('audit-result-allowed').click();
  await hashIs('#/audit?object=Audited&result=allowed');
  assert.equal((await shown(1))[0][0], 'Allowed 201');
  await control('audit-result-all').click();
  await control('audit-object').fill('');
  await control('audit-user').fill('audited');
  await hashIs('#/audit?user=audited');
  assert.deepEqual(await shown(2), [
    ['Refused 401', 'POST /session'],
    ['Refused 403', 'DELETE /workers/:name Audited'],
  ]);
  await control('audit-result').fill('403');
  await hashIs('#/audit?user=audited&result=403');
  assert.equal((await shown(1))[0][1], 'DELETE /workers/:name Audited');
  await page.reload();
  assert.equal((await shown(1))[0][1], 'DELETE /workers/:name Audited');
  assert.deepEqual(
    [await control('audit-user').inputValue(), await control('audit-result').inputValue()],
    ['audited', '403'],
  );
  assert.equal(await page.locator('.audit-filters [aria-pressed=true]').count(), 0);
  await control('audit-result').fill('');
  await control('audit-user').fill('');
  await control('audit-object').fill('audited');
  await control('audit-action').fill('PUT');
  await hashIs('#/audit?action=PUT&object=audited');
  assert.equal((await shown(1))[0][1], 'PUT /users/:user audited');
});

test('times are the reader’s own on the page, and UTC in the address', async () => {
  const { page } = tab;
  await goIn(tab, '#/audit?user=audited');
  await shown(2);
  await control('audit-since').fill('2060-01-01T12:00');
  await page.getByText('No row fits').waitFor();
  const since = await page.evaluate(() => new URLSearchParams(location.hash.split('?')[1]).get('since'));
  assert.equal(Date.parse(since), await page.evaluate(() => Date.parse('2060-01-01T12:00')));
  await page.reload();
  await page.getByText('No row fits').waitFor();
  assert.equal(await control('audit-since').inputValue(), '2060-01-01T12:00');
  await control('audit-since').fill('');
  await shown(2);
  await control('audit-until').fill('2001-01-01T00:00');
  await page.getByText('No row fits').waitFor();
  await looksRight(page, 'no row fits');
  await control('audit-clear').click();
  await hashIs('#/audit');
  await rows().first().waitFor();
});

test('what is filtered is what the CSV has', async () => {
  await goIn(tab, '#/audit?user=audited');
  await shown(2);
  const [download] = await Promise.all([tab.page.waitForEvent('download'), control('audit-csv').click()]);
  const lines = readFileSync(await download.path(), 'utf8').trim().split(/\r?\n/);
  assert.match(lines[0], /^seq,time,request,user,/);
  assert.equal(lines.length, 3);
  assert.ok(lines.slice(1).every((line) => line.includes('audited')));
});

test('long trails come in pages, each row once', async () => {
  const { page } = tab;
  for (let i = 0; i < 60; i++) await api('PUT', 'users/audited', JSON.stringify({ disabled: i % 2 === 0 }));
  await goIn(tab, '#/audit?object=audited');
  await shown(50);
  await control('more').click();
  await page.waitForFunction(() => document.querySelectorAll('tr[data-audit]').length > 60);
  const seqs = await rows().evaluateAll((all) => all.map((row) => Number(row.dataset.audit)));
  assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => b - a));
  await control('reload').click();
  await page.waitForFunction((n) => document.querySelectorAll('tr[data-audit]').length === n, seqs.length);
});

test('requests that were only counted are a row as well, which says how many', async () => {
  const { page } = tab;
  // The server writes such a row a minute after a flood: it is answered for it here.
  const [row] = [await api('GET', 'audit?limit=1')];
  const counted = { ...row, user: '', via: '', address: '', action: '', object: '', status: 401, code: 'unauthorized' };
  await page.route('**/audit?*', (route) =>
    route.fulfill({ json: { success: true, total: 1, data: [{ ...counted, seq: 7, times: 1234 }] } }),
  );
  await goIn(tab, '#/audit?result=unauthorized');
  await page.locator('tr[data-audit="7"]').getByText('1,234 more that were refused').waitFor();
  await page.locator('tr[data-audit="7"]').getByText('not known').waitFor();
  await page.unroute('**/audit?*');
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('audit.test.mjs');
  assert.deepEqual(complaints, []);
});
