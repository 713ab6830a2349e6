// What needs no browser: terminal codes, lines and groups of a log, the check of parameters.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pieces, styleAfter } from '../../htdocs/ansi.js';
import { LogLines, plainText, shownPieces } from '../../htdocs/log_lines.js';
import { bodyOfWishes, faultsOfWishes, refusedWish, told, wishesLike } from '../../htdocs/limits.js';
import { NO_QUEUE, bodyOfPlan, faultsOfPlan, planLike, planOf, refusedPlan, toldOfRetries } from '../../htdocs/plan.js';
import { defaultsOf, faultOf, faultsOf } from '../../htdocs/schema.js';
import { calls, may, roles } from '../../htdocs/roles.js';
import { duration, kinds, size } from '../../htdocs/units.js';

const classes = (text) => pieces(text).map((piece) => [piece.text, piece.className]);
const entry = (message, stream = 'stdout', seq = 1) => ({ seq, time: '2026-11-24T03:43:00.123Z', stream, message });

test('colours and weight become class names', () => {
  assert.deepEqual(classes('a\u001b[1;31mb\u001b[0mc'), [
    ['a', ''],
    ['b', 'ansi-bold ansi-red'],
    ['c', ''],
  ]);
  assert.deepEqual(classes('\u001b[92mx\u001b[39my'), [
    ['x', 'ansi-green'],
    ['y', ''],
  ]);
  assert.deepEqual(classes('\u001b[44mx'), [['x', 'ansi-on-blue']]);
});

test('colours of the palette and of 24 bits become the nearest of ours, and no other code', () => {
  assert.deepEqual(classes('\u001b[38;5;1mx'), [['x', 'ansi-red']]);
  assert.deepEqual(classes('\u001b[38;5;46mx'), [['x', 'ansi-green']]);
  assert.deepEqual(classes('\u001b[38;2;10;20;250mx'), [['x', 'ansi-blue']]);
  assert.deepEqual(classes('\u001b[38:5:208mx'), [['x', 'ansi-yellow']]);
});

test('what else a terminal would obey is left out', () => {
  assert.deepEqual(classes('a\u001b[2Jb\u001b[10;20Hc\u001b]0;title\u0007d\u001b]8;;http://evil/\u001b\\e'), [
    ['a', ''],
    ['b', ''],
    ['c', ''],
    ['d', ''],
    ['e', ''],
  ]);
});

test('control characters are made visible', () => {
  assert.deepEqual(classes('a\u0007b'), [
    ['a', ''],
    ['\u2407', 'control'],
    ['b', ''],
  ]);
  assert.deepEqual(classes('\u001bc'), [
    ['\u241b', 'control'],
    ['c', ''],
  ]);
  for (const character of ['\u202e', '\u2066', '\u200f', '\u061c', '\u0085', '\u2028']) {
    assert.equal(pieces(`x${character}y`)[1].className, 'control', character.charCodeAt(0).toString(16));
  }
  assert.deepEqual(classes('tab\there'), [['tab\there', '']]);
});

test('a colour goes on in the next line of its stream', () => {
  assert.deepEqual(pieces('more', styleAfter('\u001b[31mred', {}))[0].className, 'ansi-red');
  const log = new LogLines();
  const [, second, other] = log.append([entry('\u001b[31mred'), entry('still red'), entry('not', 'stderr')]);
  assert.equal(shownPieces(second)[0].className, 'ansi-red');
  assert.equal(shownPieces(other)[0].className, '');
});

test('groups fold, end, and are found again when earlier lines come', () => {
  const log = new LogLines();
  log.append([entry('inside'), entry('::endgroup::'), entry('after')]);
  assert.deepEqual(
    log.shown().map((line) => line.text),
    ['inside', 'after'],
  );
  log.prepend([entry('before'), entry('::group::Title')]);
  const [head] = log.heads();
  assert.equal(head.count, 1);
  head.open = false;
  assert.deepEqual(
    log.shown().map((line) => line.text),
    ['before', 'Title', 'after'],
  );
  assert.deepEqual(
    log.find('INSIDE').map((line) => line.text),
    ['inside'],
    'also what is folded is found',
  );
});

test('only standard output makes groups, and a group ends the one before', () => {
  const log = new LogLines();
  log.append([entry('::group::no', 'stderr'), entry('::group::A'), entry('1'), entry('::group::B'), entry('2')]);
  assert.deepEqual(
    log.heads().map((head) => [head.text, head.count]),
    [
      ['A', 1],
      ['B', 1],
    ],
  );
});

test('an entry of many lines has its number once', () => {
  const log = new LogLines();
  assert.deepEqual(
    log.append([entry('one\ntwo')]).map((line) => [line.text, line.first]),
    [
      ['one', true],
      ['two', false],
    ],
  );
});

test('the end of a line as DOS writes it is not shown', () => {
  const log = new LogLines();
  assert.deepEqual(
    log.append([entry('one\r\ntwo\r'), entry('10%\r20%')]).map((line) => line.text),
    ['one', 'two', '10%\r20%'],
  );
});

test('text is found without its colours, in the stream that is shown', () => {
  const log = new LogLines();
  const [line] = log.append([entry('an \u001b[31merr\u001b[0mor'), entry('error', 'stderr')]);
  assert.equal(plainText(line), 'an error');
  log.only = 'stderr';
  assert.equal(log.find('error').length, 1);
});

test('a very long line is cut, and says so', () => {
  const log = new LogLines();
  const [line] = log.append([entry('x'.repeat(100000))]);
  assert.match(shownPieces(line).at(-1).text, /80000 more characters/);
});

test('parameters are judged in the words of the server', () => {
  const schema = {
    type: 'object',
    required: ['folder'],
    additionalProperties: false,
    properties: {
      folder: { type: 'string', minLength: 1, default: '/srv' },
      keep: { type: 'integer', minimum: 1 },
      level: { enum: ['fast', 'best'] },
      exclude: { type: 'array', items: { type: 'string' }, uniqueItems: true },
      notify: { type: 'string', format: 'email' },
    },
  };
  assert.deepEqual(faultsOf(schema, { keep: 0, level: 'x', exclude: ['a', 1], notify: 'x', extra: 1 }), {
    folder: 'is required',
    keep: 'must be at least 1',
    level: 'must be one of "fast", "best"',
    exclude: 'item 2 must be a string',
    notify: 'must be an e-mail address',
    extra: 'is not a parameter of this worker',
  });
  assert.deepEqual(faultsOf(schema, { folder: '/x', exclude: ['a', 'b'] }), {});
  assert.deepEqual(defaultsOf(schema), { folder: '/srv' });
  assert.equal(faultOf({ type: ['integer', 'null'] }, null), '');
  assert.equal(faultOf({ type: 'integer' }, 3.0), '');
  assert.equal(
    faultOf({ pattern: '^[[:alpha:]]+$' }, 'abc'),
    '',
    'what JavaScript reads otherwise is left to the server',
  );
});

test('sizes, times and counts are read as people type them', () => {
  const { bytes, seconds, count } = kinds;
  for (const [text, number] of [
    ['0', 0],
    ['4096', 4096],
    ['512M', 536870912],
    [' 512 MiB ', 536870912],
    ['1.5g', 1610612736],
    ['500MB', 500000000],
    ['100 B', 100],
  ])
    assert.equal(bytes.read(text), number, text);
  for (const [text, number] of [
    ['0.5', 0.5],
    ['90 s', 90],
    ['5 min', 300],
    ['2h', 7200],
    ['1 D', 86400],
    ['250ms', 0.25],
  ])
    assert.equal(seconds.read(text), number, text);
  assert.equal(count.read(' 64 '), 64);
  for (const text of ['', 'many', '-1', '1,5', '1e3', '0x10', '5 6', 'Infinity'])
    for (const kind of [bytes, seconds, count]) assert.ok(Number.isNaN(kind.read(text)), text);
  for (const text of ['5 x', '5 iB', '5 min']) assert.ok(Number.isNaN(bytes.read(text)), text);
  for (const text of ['5 toString', '5M5', '5 MiB']) assert.ok(Number.isNaN(seconds.read(text)), text);
  for (const text of ['1.5', '5k']) assert.ok(Number.isNaN(count.read(text)), text);
});

test('what is written of a limit is read as the same number', () => {
  const numbers = [1, 90, 300, 5400, 86400, 1000, 4096, 1048577, 500000000, 536870912, 1610612736, 2 ** 50, 31536000];
  for (const kind of Object.values(kinds))
    for (const number of numbers) assert.equal(kind.read(kind.write(number)), number, kind.write(number));
  assert.equal(kinds.seconds.read(kinds.seconds.write(0.125)), 0.125);
  assert.deepEqual([536870912, 1610612736, 500000000, 1048577].map(kinds.bytes.write), [
    '512 MiB',
    '1.5 GiB',
    '500 MB',
    '1048577 B',
  ]);
  assert.deepEqual([5400, 90, 86400].map(kinds.seconds.write), ['90 min', '90 s', '1 d']);
  assert.deepEqual([0, 1023, 20971520, 1610612736].map(size), ['0 B', '1023 B', '20 MiB', '1.5 GiB']);
  assert.deepEqual([0, 250, 1500, 90000, 7260000].map(duration), ['0 s', '250 ms', '1.5 s', '1 min 30 s', '2 h 1 min']);
});

test('what is typed into the form of limits becomes what the API takes, and the other way round', () => {
  assert.deepEqual(bodyOfWishes({}), {});
  const wishes = { timeout: '5 min', memory: '512M', files: ' ', cpu: '0', on_lost: 'requeue' };
  const body = { timeout: 300, limits: { cpu: 0, memory: 536870912 }, on_lost: 'requeue' };
  assert.deepEqual(bodyOfWishes(wishes), body);
  assert.deepEqual(Object.keys(faultsOfWishes({ timeout: 'soon', memory: '5 x', files: '', log: '1M' })), [
    'timeout',
    'memory',
  ]);
  const job = { timeout: 300, limits: { memory: 536870912, files: 64 }, on_lost: 'fail' };
  assert.deepEqual(wishesLike(job, null), { timeout: '5 min', memory: '512 MiB', files: '64' });
  assert.deepEqual(wishesLike(job, { timeout: 300, limits: { files: 64, cpu: 9 }, on_lost: 'requeue' }), {
    cpu: '0',
    memory: '512 MiB',
    on_lost: 'fail',
  });
  assert.deepEqual(wishesLike({ timeout: null, limits: null, on_lost: 'fail' }, null), {});
});

test('of limits and options nothing is told that was not said', () => {
  for (const nothing of [null, {}, { timeout: null, limits: null, on_lost: 'fail' }])
    assert.deepEqual(told(nothing), []);
  assert.deepEqual(told({ timeout: 0, limits: { log: 1048576 }, on_lost: 'requeue', user: 'alice' }), [
    ['Timeout', 'no limit'],
    ['Log', '1 MiB', '1,048,576 bytes'],
    ['If lost', 'is started again'],
    ['Runs as', 'alice'],
  ]);
});

test('a refusal belongs to the limit that it names', () => {
  const above = 'the limit `memory` is above what the administrator allows';
  assert.deepEqual(refusedWish(above), { memory: above });
  assert.deepEqual(Object.keys(refusedWish('`timeout` must be no more than 60 seconds here')), ['timeout']);
  for (const other of ['there is no limit `toString`', 'the parameters are wrong'])
    assert.deepEqual(refusedWish(other), {});
});

test('what is typed of queue, time and retries becomes what the API takes, and back', () => {
  const typed = {
    ...{ queue: 'gpu', slots: '2', priority: '-7', retry_limit: '3', retry_delay: '1 min', retry_on_exit: '75, 1' },
    ...{ run_at: '', after: [{ job: ' 01ARZ3NDEKTSV4RRFFQ69G5FAV ', on: 'ended' }, { job: '', on: 'done' }] },
  };
  assert.deepEqual(faultsOfPlan(typed), {});
  const body = bodyOfPlan(typed);
  assert.deepEqual(body, {
    ...{ queue: 'gpu', slots: 2, priority: -7, retries: { limit: 3, delay: 60, on_exit: [75, 1] } },
    after: [{ job: '01ARZ3NDEKTSV4RRFFQ69G5FAV', on: 'ended' }],
  });
  const { after, ...rest } = body;
  assert.deepEqual(bodyOfPlan(planOf(rest)), rest);
  assert.deepEqual(bodyOfPlan({}), {});
  assert.deepEqual(bodyOfPlan({ queue: NO_QUEUE }), { queue: null });
  assert.equal(planOf({ queue: null }).queue, NO_QUEUE);
  assert.deepEqual(bodyOfPlan(planOf({ retries: null })), { retries: { limit: 0 } });
});

test('what cannot be understood of it is named', () => {
  for (const [name, texts] of Object.entries({
    slots: ['0', '1.5', 'two', '-1'],
    priority: ['1001', '-1001', '0.5'],
    retry_limit: ['-1', '1001', 'x'],
    retry_factor: ['0.5', '101'],
    retry_jitter: ['1.1', '-0.1'],
    retry_on_exit: ['0', '256', '1;2', 'x'],
    retry_delay: ['soon'],
  }))
    for (const text of texts) assert.ok(name in faultsOfPlan({ retry_limit: '1', [name]: text }), `${name} ${text}`);
  assert.ok('retry_limit' in faultsOfPlan({ retry_delay: '5' }), 'a delay of what?');
  assert.ok('after' in faultsOfPlan({ after: [{ job: 'x', on: 'done' }] }));
  assert.ok('run_at' in faultsOfPlan({ run_at: 'tomorrow' }));
});

test('a job that is like another one says what its worker does not say already', () => {
  const retries = { limit: 5, delay: 10, factor: 2, max_delay: 3600, jitter: 0, on_exit: null };
  const job = { queue: 'net', slots: 1, priority: 0, retries };
  assert.deepEqual(planLike(job, { queue: 'net', retries: { limit: 5, delay: 10 } }), {});
  assert.equal(planLike(job, { queue: 'net', retries: { limit: 5 } }).retry_delay, '10 s');
  assert.deepEqual(planLike({ ...job, queue: null, retries: null }, { queue: 'net', retries: { limit: 5 } }), {
    queue: NO_QUEUE,
    retry_limit: '0',
  });
  assert.deepEqual(planLike({ ...job, slots: 3, retries: null }, {}), { queue: 'net', slots: '3' });
  assert.deepEqual(toldOfRetries(retries), [
    ['Retries', '5'],
    ['Delay', '10 s'],
  ]);
});

test('what the server refuses of it finds its field', () => {
  for (const [message, field] of [
    ['`delay` of `retries` must be a number from 0 to 31536000', 'retry_delay'],
    ['`retries` needs a `limit`', 'retry_limit'],
    ['`slots` must be a whole number from 1 to 1000000', 'slots'],
    ['there is no queue gpu', 'queue'],
    ['`after`: there is no job X', 'after'],
  ])
    assert.deepEqual(refusedPlan(message), { [field]: message });
  assert.deepEqual(refusedPlan('`timeout` must be a number'), {});
  assert.deepEqual(refusedPlan('the disk is full'), {});
});

test('index.html asks at once for every module that the page needs', () => {
  const folder = new URL('../../htdocs/', import.meta.url);
  const read = (file) => readFileSync(new URL(file, folder), 'utf8');
  const needed = new Set();
  const walk = (file) => {
    for (const [, name] of read(file).matchAll(/^(?:import|\}) .*?from '\.\/([\w/.]+)';$/gm)) {
      if (needed.has(name)) continue;
      needed.add(name);
      if (!name.startsWith('vendor/')) walk(name);
    }
  };
  walk('app.js');
  const preloaded = [...read('index.html').matchAll(/rel="modulepreload" href="([^"]+)"/g)].map((found) => found[1]);
  assert.deepEqual(preloaded, [...needed].filter((name) => name !== 'app.js').sort());
});

test('who may make which call is as the API has it', () => {
  const docs = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const needs = Object.fromEntries(
    [...docs.matchAll(/^\| `([A-Z]+ \/[^`]*)` \| ([^|]+) \|/gm)].map(([, call, words]) => [call, words.trim()]),
  );
  assert.ok(Object.keys(needs).length > 40);
  const ranks = Object.keys(roles);
  for (const call of calls)
    for (const role of ranks)
      for (const in_person of [true, false])
        for (const workers of [null, ['Mine']]) {
          const [least, condition] = needs[call].split(', ');
          const holds = { 'not with a token': in_person, 'of all workers': workers === null, undefined: true };
          const expected = ranks.indexOf(role) >= ranks.indexOf(least) && holds[condition];
          assert.equal(may({ role, in_person, workers }, call), expected, `${call} ${role} ${in_person} ${workers}`);
        }
  assert.equal(may(null, 'GET /jobs'), false);
  assert.throws(() => may({ role: 'admin', in_person: true }, 'GET /nothing'));
});
