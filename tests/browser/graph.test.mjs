// The graph of a chain: where its jobs stand, and what the page shows of them while they run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isMet, layOut, sizes } from '../../htdocs/graph_layout.js';
import {
  PASSWORD,
  addUser,
  api,
  complaints,
  everyControlWasClicked,
  goIn,
  looksRight,
  makeJob,
  open,
  putWorker,
  signIn,
  url,
} from './page.mjs';

// -- the layout, which needs no browser --

const job = (id, ...after) => ({ id, after: after.map((each) => ({ job: each, on: 'done', status: null })) });
const where = ({ nodes }) => Object.fromEntries(nodes.map((node) => [node.job.id, node]));

// The same numbers each time.
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

function assertReadable(picture) {
  for (const { from, to, points } of picture.edges) {
    assert.ok(from.layer < to.layer, 'what comes after stands to the right');
    assert.deepEqual(points[0], [from.x + sizes.width, from.y + sizes.height / 2]);
    assert.deepEqual(points.at(-1), [to.x, to.y + sizes.height / 2]);
    for (let i = 1; i < points.length; i++) assert.ok(points[i][0] >= points[i - 1][0], 'lines never turn back');
  }
  for (const a of picture.nodes) {
    assert.ok(a.x >= 0 && a.x + sizes.width <= picture.width && a.y >= 0 && a.y + sizes.height <= picture.height);
    for (const b of picture.nodes)
      if (a !== b && a.layer === b.layer) assert.ok(Math.abs(a.y - b.y) >= sizes.height, 'no job lies over another');
  }
}

test('each job stands to the right of all that it comes after', () => {
  const picture = layOut([job('a'), job('b', 'a'), job('c', 'a', 'b'), job('d', 'c'), job('e', 'a')]);
  const at = where(picture);
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((id) => at[id].layer),
    [0, 1, 2, 3, 1],
  );
  assertReadable(picture);
  assert.deepEqual(
    at.c.before.map((node) => node.job.id),
    ['a', 'b'],
    'what it comes after is told without the bends of lines',
  );
  assert.equal(picture.edges.find(({ from, to }) => from === at.a && to === at.c).points.length, 4, 'it bends once');
});

test('one job alone, none, and those that come after one that is gone', () => {
  const alone = layOut([job('a')]);
  assert.deepEqual([alone.nodes.length, alone.edges.length], [1, 0]);
  assertReadable(alone);
  assert.deepEqual(layOut([]).nodes, []);
  const gone = layOut([job('a', 'gone'), job('b', 'a')]);
  assert.equal(gone.edges.length, 1);
  assertReadable(gone);
});

test('a beginning stands near what comes after it', () => {
  const at = where(layOut([job('a'), job('b', 'a'), job('c', 'b'), job('late'), job('d', 'c', 'late')]));
  assert.equal(at.late.layer, 2);
});

test('graphs of all shapes are readable, also the largest', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const count = seed === 60 ? 500 : 1 + next(40);
    const jobs = [];
    for (let i = 0; i < count; i++) {
      const before = new Set();
      for (let n = next(4); n > 0 && i > 0; n--) before.add(`j${next(i)}`);
      jobs.push(job(`j${i}`, ...before));
    }
    // In whatever order they come.
    const picture = layOut(jobs.sort(() => next(3) - 1));
    assert.equal(picture.nodes.length, count);
    assertReadable(picture);
  }
});

test('few lines cross where they need not', () => {
  // Two chains beside one another, told in turns.
  const picture = layOut([job('a1'), job('b1'), job('b2', 'b1'), job('a2', 'a1'), job('a3', 'a2'), job('b3', 'b2')]);
  const at = where(picture);
  const order = [1, 2, 3].map((n) => Math.sign(at[`a${n}`].y - at[`b${n}`].y));
  assert.ok(new Set(order).size === 1, order.join());
});

test('what a line waits for is there, is not, or is not known yet', () => {
  assert.equal(isMet({ on: 'done', status: null }), null);
  assert.equal(isMet({ on: 'done', status: 'done' }), true);
  assert.equal(isMet({ on: 'error', status: 'done' }), false);
  assert.equal(isMet({ on: 'ended', status: 'stop' }), true);
});

// -- the page --

const STEP = `#!/bin/sh
# Description: One step of a chain.
# Parameters: {"properties": {"does": {"type": "string"}}}
case "$JOBJOKER_PARAM_does" in fail) exit 3 ;; wait) exec sleep 600 ;; esac
`;
let tab;

before(async () => {
  await putWorker('Step', STEP);
  tab = await open();
  await signIn(tab);
});
after(() => tab.close());

async function makeChain(list) {
  const answer = await fetch(`${url}jobs`, {
    method: 'POST',
    body: JSON.stringify(list.map((each) => ({ worker: 'Step', name: each.ref, ...each }))),
    headers: { Authorization: `Bearer ${process.env.JOBJOKER_TOKEN}`, 'Content-Type': 'application/json' },
  });
  const { data } = await answer.json();
  assert.equal(answer.status, 201);
  return Object.fromEntries(list.map(({ ref }, i) => [ref, data[i].id]));
}

const control = (id) => tab.control(id);
const node = (id) => tab.page.locator(`.graph a[data-job="${id}"]`);
const is = (id, status) => tab.page.locator(`.graph a.node-${status}[data-job="${id}"]`).waitFor();
const said = (id) => node(id).getAttribute('aria-label');
const edges = (look) => tab.page.locator(`.edge.${look}`).count();
const focused = () => tab.page.evaluate(() => document.activeElement.dataset.job);

test('a chain is drawn, and changes while its jobs run', async () => {
  const { page } = tab;
  const ids = await makeChain([
    { ref: 'fetch', start: true, parameters: { does: 'wait' } },
    { ref: 'load', after: ['fetch'] },
    { ref: 'alarm', after: [{ job: 'fetch', on: 'stop' }] },
    { ref: 'clean', after: [{ job: 'load', on: 'ended' }, { job: 'alarm', on: 'ended' }] },
  ]);
  await goIn(tab, `#/jobs/${ids.load}`);
  await control('pane-graph').click();
  await is(ids.fetch, 'active');
  await is(ids.load, 'idle');
  assert.equal(await said(ids.load), 'load; Waiting; Step; after fetch');
  assert.equal(await node(ids.load).getAttribute('aria-current'), 'true');
  assert.equal(await node(ids.fetch).getAttribute('aria-current'), null);
  await page.getByText('4 jobs: 1 active, 3 waiting').waitFor();
  assert.deepEqual([await edges('open'), await edges('met'), await edges('missed')], [4, 0, 0]);
  await page.locator('.edge text', { hasText: 'on stop' }).waitFor();
  const x = async (id) => (await node(id).locator('rect').boundingBox()).x;
  assert.ok((await x(ids.fetch)) < (await x(ids.load)) && (await x(ids.load)) < (await x(ids.clean)));
  await looksRight(page, 'a chain');
  await api('PUT', `jobs/${ids.fetch}/status`, 'kill', 'text/plain');
  await is(ids.fetch, 'stop');
  await is(ids.load, 'stop');
  await is(ids.alarm, 'done');
  await is(ids.clean, 'done');
  await page.getByText('4 jobs: 2 stopped, 2 done').waitFor();
  assert.deepEqual([await edges('open'), await edges('met'), await edges('missed')], [0, 3, 1]);
  await looksRight(page, 'a chain that is over');
});

test('the keyboard goes along the lines, and opens a job', async () => {
  const { page } = tab;
  const ids = await makeChain([
    { ref: 'first' },
    { ref: 'upper', after: ['first'] },
    { ref: 'lower', after: ['first'] },
    { ref: 'last', after: ['upper', 'lower'] },
  ]);
  await goIn(tab, `#/jobs/${ids.first}`);
  await page.getByRole('heading', { name: 'first' }).waitFor();
  await page.keyboard.press('h');
  await node(ids.last).waitFor();
  await node(ids.first).focus();
  await page.keyboard.press('ArrowRight');
  const middle = await focused();
  assert.ok([ids.upper, ids.lower].includes(middle));
  const [other] = [ids.upper, ids.lower].filter((id) => id !== middle);
  await page.keyboard.press('ArrowDown');
  if ((await focused()) === middle) await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), other);
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), ids.last);
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), ids.last, 'there is nothing behind it');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await focused(), ids.first);
  // The Tab key reads them from the first to the last.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), ids.last);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'last' }).waitFor();
  await node(ids.last).and(page.locator('[aria-current=true]')).waitFor();
  await node(ids.upper).click();
  await page.getByRole('heading', { name: 'upper' }).waitFor();
});

test('a job alone says so, and one that comes after it is made from there', async () => {
  const { page } = tab;
  const alone = await makeJob({ worker: 'Step', name: 'alone' });
  await goIn(tab, `#/jobs/${alone.id}?pane=graph`);
  await page.getByText('No job comes before or after this one.').waitFor();
  await control('job-after').click();
  await page.getByText('When it runs: After a job').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('next to it');
  await control('create').click();
  await page.getByRole('heading', { name: 'next to it' }).waitFor();
  await page.getByRole('status').filter({ hasText: `Waits for jobs before it: …${alone.id.slice(-6)}` }).waitFor();
  await control('pane-graph').click();
  await control('graph-node').nth(1).waitFor();
  await control('graph-node').first().click();
  await page.getByRole('heading', { name: 'alone' }).waitFor();
});

test('texts are cut to their boxes, and stay texts', async () => {
  const { page } = tab;
  const name = '<svg onload="window.hacked = 1"> and a name that is longer than any box is wide';
  const ids = await makeChain([{ ref: 'a', name }, { ref: 'b', after: ['a'] }]);
  await goIn(tab, `#/jobs/${ids.b}?pane=graph`);
  await node(ids.a).waitFor();
  assert.ok((await said(ids.a)).startsWith(name));
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  const room = await node(ids.a).locator('svg').last().evaluate((svg) => getComputedStyle(svg).overflow);
  assert.equal(room, 'hidden');
  await looksRight(page, 'a long name');
});

test('who may not make jobs looks at the graph', async () => {
  const ids = await makeChain([{ ref: 'seen-one' }, { ref: 'seen-two', after: ['seen-one'] }]);
  await addUser('graph-viewer', 'viewer');
  await signIn(tab, `#/jobs/${ids['seen-one']}?pane=graph`, 'graph-viewer', PASSWORD);
  await node(ids['seen-two']).waitFor();
  assert.equal(await control('job-after').count(), 0);
});

test('every control was clicked, and the browser had nothing to complain of', () => {
  everyControlWasClicked('graph.test.mjs');
  assert.deepEqual(complaints, []);
});
