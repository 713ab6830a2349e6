// What a job may use, and what becomes of it when its runner is lost: what a worker's options say, what the form for a
// job asks for and what a job has, from one table.
import { kinds } from './units.js';

export const limits = {
  timeout: { label: 'Timeout', kind: kinds.seconds, help: 'What takes longer ends as an error. Pauses do not count.' },
  cpu: { label: 'CPU time', kind: kinds.seconds, help: 'Of all its processes together.' },
  memory: { label: 'Memory', kind: kinds.bytes },
  processes: { label: 'Processes', kind: kinds.count, help: 'And threads.' },
  files: { label: 'Open files', kind: kinds.count, help: 'Of each process.' },
  file_size: { label: 'File size', kind: kinds.bytes, help: 'Of the largest file that it may write.' },
  log: { label: 'Log', kind: kinds.bytes, help: 'Of a longer one, the middle is left out.' },
};

export const onLost = { fail: 'ends as an error', requeue: 'is started again' };

// The API has the timeout beside the other limits.
export const limitOf = (from, name) => (name === 'timeout' ? from?.timeout : from?.limits?.[name]) ?? null;

// What is said, as [label, text, exact text]; null is nothing.
export function told(options) {
  const rows = Object.entries(limits)
    .map(([name, { label, kind }]) => [label, kind, limitOf(options, name)])
    .filter(([, , value]) => value !== null)
    .map(([label, kind, value]) => (value ? [label, kind.write(value), kind.exact(value)] : [label, 'no limit']));
  if (options?.on_lost === 'requeue') rows.push(['If lost', onLost.requeue]);
  if (options?.detach) rows.push(['After its end', 'what it started goes on']);
  if (options?.user) rows.push(['Runs as', options.user]);
  return rows;
}

// -- what was typed, { name: text } --

const given = (wishes) => Object.entries(limits).filter(([name]) => (wishes[name] || '').trim() !== '');

// What cannot be understood, { name: sentence }. What is too much, the server knows.
export const faultsOfWishes = (wishes) =>
  Object.fromEntries(
    given(wishes)
      .filter(([name, { kind }]) => Number.isNaN(kind.read(wishes[name])))
      .map(([name, { kind }]) => [name, `must be ${kind.like}`]),
  );

// As POST /jobs takes it: what was left empty is not in it.
export function bodyOfWishes(wishes) {
  const { timeout, ...rest } = Object.fromEntries(
    given(wishes).map(([name, { kind }]) => [name, kind.read(wishes[name])]),
  );
  return {
    ...(timeout !== undefined && { timeout }),
    ...(Object.keys(rest).length && { limits: rest }),
    ...(wishes.on_lost && { on_lost: wishes.on_lost }),
  };
}

// What must be typed to get what a job had, where its worker does not say the same already.
export function wishesLike(job, options) {
  const wishes = {};
  for (const [name, { kind }] of Object.entries(limits)) {
    const [had, preset] = [limitOf(job, name), limitOf(options, name)];
    if (had !== null && had !== preset) wishes[name] = kind.write(had);
    if (had === null && preset) wishes[name] = '0';
  }
  if (job.on_lost !== (options?.on_lost || 'fail')) wishes.on_lost = job.on_lost;
  return wishes;
}

// What must be typed to post what was posted: `said` is as POST /jobs takes it.
export const wishesOf = (said) => ({
  ...Object.fromEntries(
    Object.entries(limits)
      .filter(([name]) => limitOf(said, name) !== null)
      .map(([name, { kind }]) => [name, limitOf(said, name) ? kind.write(limitOf(said, name)) : '0']),
  ),
  ...(said.on_lost && { on_lost: said.on_lost }),
});

// Which of them the server's sentence is about: "the limit `memory` is above what the administrator allows".
export function refusedWish(message) {
  const [, name] = message.match(/`(\w+)`/) || [];
  return Object.hasOwn(limits, name || '') || name === 'on_lost' ? { [name]: message } : {};
}
