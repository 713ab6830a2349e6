// What can be done to jobs, for one or many, with the questions that come before.
import { call } from './api.js';
import { confirm, toast } from './ui.js';

const AT_ONCE = 4; // requests

const status = (word) => (job) => call('PUT', `jobs/${job.id}/status`, word);
const jobsOf = (count) => (count === 1 ? '1 job' : `${count} jobs`);

export const actions = {
  start: {
    label: 'Start',
    icon: 'play',
    run: status('start'),
    said: 'Started',
    fits: (job) => job.status === 'idle',
    why: 'Only an idle job can be started',
  },
  stop: {
    label: 'Stop',
    icon: 'stop',
    run: status('stop'),
    said: 'Asked to stop:',
    fits: (job) => job.status === 'active',
    why: 'Only an active job can be stopped',
    text: 'The worker is asked to end (SIGTERM). What still runs after the grace period is killed.',
  },
  kill: {
    label: 'Kill',
    icon: 'kill',
    run: status('kill'),
    said: 'Killed',
    danger: true,
    fits: (job) => job.status === 'active',
    why: 'Only an active job can be killed',
    text: 'Every process that the job started ends at once (SIGKILL), without a chance to clean up.',
  },
  delete: {
    label: 'Delete',
    icon: 'trash',
    run: (job) => call('DELETE', `jobs/${job.id}`),
    said: 'Deleted',
    danger: true,
    fits: (job) => job.status !== 'active',
    why: 'An active job must be stopped or killed first',
    text: 'Its log and its response are deleted with it. This cannot be undone.',
  },
};

function question(action, fitting, all) {
  const [only] = fitting;
  const what = fitting.length === 1 ? only.name || only.worker : jobsOf(fitting.length);
  const rest =
    fitting.length < all.length
      ? ` The other ${all.length - fitting.length} of the ${all.length} selected are left as they are.`
      : '';
  return { title: `${action.label} ${what}?`, action: action.label, danger: action.danger, text: action.text + rest };
}

// Runs work(item) for all, a few at a time. What was refused is in the answer: [{ item, error }].
async function forEach(items, work) {
  const refused = [];
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item; item = left.shift()) {
      try {
        await work(item);
      } catch (error) {
        refused.push({ item, error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return refused;
}

// Does one of the actions to all jobs that it fits. True when it was done, at least to one.
export async function act(name, jobs) {
  const action = actions[name];
  const fitting = jobs.filter(action.fits);
  if (fitting.length === 0) return false;
  if (action.text && !(await confirm(question(action, fitting, jobs)))) return false;
  const refused = await forEach(fitting, action.run);
  const done = fitting.length - refused.length;
  if (done) toast(`${action.said} ${fitting.length === 1 ? fitting[0].name || fitting[0].worker : jobsOf(done)}`);
  for (const message of new Set(refused.map(({ error }) => error.message))) {
    const count = refused.filter(({ error }) => error.message === message).length;
    toast(fitting.length === 1 ? message : `${jobsOf(count)} not: ${message}`, 'error');
  }
  return done > 0;
}
