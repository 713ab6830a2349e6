// When a job runs: its queue, its time, the jobs before it, and how often it is tried again. What a worker's options
// say, what the form for a job asks for and what a job has, from one table, as in limits.js.
import { kinds } from './units.js';

export const NO_QUEUE = '/'; // which no queue is called

const number = (low, high, like) => ({
  read: (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    return value >= low && value <= high ? value : NaN;
  },
  write: String,
  like,
});
const whole = (low, high) => {
  const any = number(low, high, `a whole number from ${low.toLocaleString('en')} to ${high.toLocaleString('en')}`);
  return { ...any, read: (text) => (Number.isInteger(any.read(text)) ? any.read(text) : NaN) };
};
const statuses = {
  read: (text) => {
    const list = text.split(/[\s,]+/).filter(Boolean).map(Number);
    return list.every((status) => Number.isInteger(status) && status >= 1 && status <= 255) ? list : NaN;
  },
  write: (list) => list.join(', '),
  like: 'exit statuses from 1 to 255, such as 1, 75',
};
const isWrong = (value) => typeof value === 'number' && Number.isNaN(value);

// Of `retries`, as the API calls them.
const retries = {
  limit: { label: 'Retries', kind: whole(0, 1000), help: 'How often it is tried again at most when it fails.' },
  delay: { label: 'Delay', kind: kinds.seconds, preset: 1, help: 'Before the second attempt.' },
  factor: { label: 'Factor', kind: number(1, 100, 'a number from 1 to 100'), preset: 2, help: 'By which it grows.' },
  max_delay: { label: 'Longest delay', kind: kinds.seconds, preset: 3600 },
  jitter: {
    label: 'Jitter',
    kind: number(0, 1, 'a number from 0 to 1'),
    preset: 0,
    help: 'The part of a delay by which chance changes it.',
  },
  on_exit: { label: 'Exit statuses', kind: statuses, help: 'Only after these. Empty: after any failure.' },
};

// name: of a wish, { label, kind, preset, help }.
export const retryWishes = Object.fromEntries(
  Object.entries(retries).map(([name, field]) => [`retry_${name}`, field]),
);
export const lineWishes = {
  slots: { label: 'Slots', kind: whole(1, 1000000), help: 'Of the queue, while it is active.' },
  priority: { label: 'Priority', kind: whole(-1000, 1000), preset: 0, help: 'The higher one goes first.' },
};
const texts = { ...retryWishes, ...lineWishes };

export const conditions = {
  done: 'is done',
  error: 'has failed',
  stop: 'was stopped',
  ended: 'has ended, however',
};

const isoOf = (local) => (Number.isNaN(Date.parse(local)) ? null : new Date(local).toISOString());
const given = (wishes) => Object.keys(texts).filter((name) => (wishes[name] || '').trim() !== '');
const isRetry = (name) => name in retryWishes;
const after = (wishes) => (wishes.after || []).filter(({ job }) => job.trim() !== '');

// What cannot be understood, { name: sentence }.
export function faultsOfPlan(wishes) {
  const faults = Object.fromEntries(
    given(wishes)
      .filter((name) => isWrong(texts[name].kind.read(wishes[name])))
      .map((name) => [name, `must be ${texts[name].kind.like}`]),
  );
  if (given(wishes).some(isRetry) && !(wishes.retry_limit || '').trim()) faults.retry_limit = 'says how often, first';
  if (wishes.run_at && !isoOf(wishes.run_at)) faults.run_at = 'must be a day and a time';
  if (after(wishes).some(({ job }) => !/^[0-9A-Z]{26}$/.test(job.trim()))) faults.after = 'must be ids of jobs';
  return faults;
}

// As POST /jobs takes it: what was left empty is not in it.
export function bodyOfPlan(wishes) {
  const read = (name) => texts[name].kind.read(wishes[name]);
  const tries = given(wishes).filter(isRetry);
  return {
    ...(wishes.queue && { queue: wishes.queue === NO_QUEUE ? null : wishes.queue }),
    ...Object.fromEntries(
      given(wishes)
        .filter((name) => !isRetry(name))
        .map((name) => [name, read(name)]),
    ),
    ...(tries.length && {
      retries: Object.fromEntries(tries.map((name) => [name.replace('retry_', ''), read(name)])),
    }),
    ...(wishes.run_at && { run_at: isoOf(wishes.run_at) }),
    ...(after(wishes).length && { after: after(wishes).map(({ job, on }) => ({ job: job.trim(), on })) }),
  };
}

const retriesAsWishes = (said) =>
  Object.fromEntries(
    Object.entries(retries)
      .filter(([name]) => said[name] !== undefined && said[name] !== null)
      .map(([name, { kind }]) => [`retry_${name}`, kind.write(said[name])]),
  );

// What must be typed to post what was posted: `said` is as POST /jobs takes it.
export const planOf = (said) => ({
  ...(said.queue !== undefined && { queue: said.queue ?? NO_QUEUE }),
  ...Object.fromEntries(
    Object.entries(lineWishes)
      .filter(([name]) => said[name] !== undefined)
      .map(([name, { kind }]) => [name, kind.write(said[name])]),
  ),
  ...(said.retries !== undefined && (said.retries ? retriesAsWishes(said.retries) : { retry_limit: '0' })),
});

// With what holds where nothing is said.
const full = (said) =>
  said
    ? Object.fromEntries(Object.entries(retries).map(([name, { preset }]) => [name, said[name] ?? preset ?? null]))
    : null;

// What must be typed to get what a job had, where its worker does not say the same already.
export function planLike(job, options) {
  const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  const said = {};
  if (!same(job.queue, options?.queue)) said.queue = job.queue;
  if (job.queue && job.slots !== (options?.slots ?? 1)) said.slots = job.slots;
  if (job.priority) said.priority = job.priority;
  if (!same(full(job.retries), full(options?.retries))) said.retries = job.retries;
  return planOf(said);
}

// What is said of it, as [label, text].
export function toldOfPlan(said) {
  const rows = [];
  if (said?.queue) rows.push(['Queue', said.slots > 1 ? `${said.queue}, ${said.slots} slots` : said.queue]);
  if (said?.queue === null && 'queue' in said) rows.push(['Queue', 'none']);
  if (said?.priority) rows.push(['Priority', String(said.priority)]);
  if (said?.max_active) rows.push(['At a time', String(said.max_active)]);
  if (said?.singleton) rows.push(['At a time', '1']);
  if (said?.run_at) rows.push(['At', new Date(said.run_at).toLocaleString('en-GB')]);
  if (said?.after?.length) rows.push(['After', said.after.length === 1 ? 'a job' : `${said.after.length} jobs`]);
  return rows;
}

export const toldOfRetries = (said) =>
  said
    ? Object.entries(retries)
        .filter(([name]) => said[name] !== undefined && said[name] !== null && said[name] !== retries[name].preset)
        .map(([name, { label, kind }]) => [label, kind.write(said[name])])
    : [];

// Which of them the server's sentence is about: "`delay` of `retries` must be …".
export function refusedPlan(message) {
  const [, name, whole] = message.match(/`(\w+)`(?: of `(\w+)`)?/) || [];
  if (/there is no queue/.test(message)) return { queue: message };
  if (whole === 'retries') return { [`retry_${name}`]: message };
  if (name === 'retries') return { retry_limit: message };
  return ['queue', 'run_at', 'after', ...Object.keys(lineWishes)].includes(name) ? { [name]: message } : {};
}
