// What can be done to jobs, for one or many, with the questions that come before.
import { call } from './api.js';
import { may } from './roles.js';
import { confirm, toast } from './ui.js';

const AT_ONCE = 4; // requests

const status = (word) => (job) => call('PUT', `jobs/${job.id}/status`, word);
const jobsOf = (count) => (count === 1 ? '1 job' : `${count} jobs`);

// That was started, and is not yet.
const isWaiting = (job) => job.status === 'idle' && Boolean(job.waiting);
const isToEnd = (job) => job.status === 'active' || isWaiting(job);
const isInLine = (job) => isWaiting(job) && !['time', 'retry'].includes(job.waiting.for);

// Whether a runner of ours has it, and may go on: who is told of a job that runs elsewhere cannot hold it.
const isOurs = (job) => job.status === 'active' && job.version !== null && !job.stop_requested;

const OUT_OF_LINE = 'It has not begun, and will not.';

// right: the call that it makes.
// hides: where it does not fit, it is not there at all, rather than disabled and telling why.
// isDone, later: whether the answer tells that it is done already, and what is said when it does not.
const actions = {
  start: {
    label: 'Start',
    icon: 'play',
    right: 'PUT /jobs/:id/status',
    run: status('start'),
    said: 'Started',
    fits: (job) => job.status === 'idle' && !isInLine(job),
    why: 'Only an idle job can be started that does not wait for its turn already',
  },
  pause: {
    label: 'Pause',
    icon: 'pause',
    right: 'PUT /jobs/:id/status',
    run: status('pause'),
    said: 'Paused',
    later: 'Asked to pause:',
    isDone: (job) => job.paused,
    fits: (job) => isOurs(job) && !job.paused,
    hides: true,
  },
  resume: {
    label: 'Resume',
    icon: 'play',
    right: 'PUT /jobs/:id/status',
    run: status('resume'),
    said: 'Resumed',
    later: 'Asked to resume:',
    isDone: (job) => !job.paused,
    fits: (job) => isOurs(job) && job.paused,
    hides: true,
  },
  stop: {
    label: 'Stop',
    icon: 'stop',
    right: 'PUT /jobs/:id/status',
    run: status('stop'),
    said: 'Asked to stop:',
    fits: isToEnd,
    why: 'Only a job that is active or waits can be stopped',
    text: 'The worker is asked to end (SIGTERM). What still runs after the grace period is killed.',
    waitingText: OUT_OF_LINE,
  },
  kill: {
    label: 'Kill',
    icon: 'kill',
    right: 'PUT /jobs/:id/status',
    run: status('kill'),
    said: 'Killed',
    danger: true,
    fits: isToEnd,
    why: 'Only a job that is active or waits can be killed',
    text: 'Every process that the job started ends at once (SIGKILL), without a chance to clean up.',
    waitingText: OUT_OF_LINE,
  },
  delete: {
    label: 'Delete',
    icon: 'trash',
    right: 'DELETE /jobs/:id',
    run: (job) => call('DELETE', `jobs/${job.id}`),
    said: 'Deleted',
    danger: true,
    fits: (job) => job.status !== 'active',
    why: 'An active job must be stopped or killed first',
    text: 'Its log and its response are deleted with it. This cannot be undone.',
  },
};

// What is offered to somebody for these jobs, as [name, action].
export const offered = (me, jobs) =>
  Object.entries(actions).filter(
    ([, action]) => may(me, action.right) && (!action.hides || jobs.some(action.fits)),
  );

function question(action, fitting, all) {
  const [only] = fitting;
  const what = fitting.length === 1 ? only.name || only.worker : jobsOf(fitting.length);
  const text = action.waitingText && fitting.every(isWaiting) ? action.waitingText : action.text;
  const rest =
    fitting.length < all.length
      ? ` The other ${all.length - fitting.length} of the ${all.length} selected are left as they are.`
      : '';
  return { title: `${action.label} ${what}?`, action: action.label, danger: action.danger, text: text + rest };
}

// Runs work(item) for all, a few at a time: { answers, refused: [{ item, error }] }.
async function forEach(items, work) {
  const answers = [];
  const refused = [];
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item; item = left.shift()) {
      try {
        answers.push(await work(item));
      } catch (error) {
        refused.push({ item, error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { answers, refused };
}

// Does one of the actions to all jobs that it fits. True when it was done, at least to one.
export async function act(name, jobs) {
  const action = actions[name];
  const fitting = jobs.filter(action.fits);
  if (fitting.length === 0) return false;
  if (action.text && !(await confirm(question(action, fitting, jobs)))) return false;
  const { answers, refused } = await forEach(fitting, action.run);
  const done = action.isDone ? answers.filter(({ data }) => action.isDone(data[0])).length : answers.length;
  for (const [count, said] of [
    [done, action.said],
    [answers.length - done, action.later],
  ])
    if (count) toast(`${said} ${fitting.length === 1 ? fitting[0].name || fitting[0].worker : jobsOf(count)}`);
  for (const message of new Set(refused.map(({ error }) => error.message))) {
    const count = refused.filter(({ error }) => error.message === message).length;
    toast(fitting.length === 1 ? message : `${jobsOf(count)} not: ${message}`, 'error');
  }
  return answers.length > 0;
}
