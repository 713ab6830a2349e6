// What can be done to jobs, for one or many, with the questions that come before.
import { call } from './api.js';
import { confirm, toast } from './ui.js';

const many = (jobs) => (jobs.length === 1 ? `job ${jobs[0].id}` : `${jobs.length} jobs`);

export const actions = {
  start: {
    label: 'Start', icon: 'play', fits: (job) => job.status === 'idle',
    run: (job) => call('PUT', `jobs/${job.id}/status`, 'start'), said: 'Started',
  },
  stop: {
    label: 'Stop', icon: 'stop', fits: (job) => job.status === 'active',
    question: (jobs) => ({ title: `Stop ${many(jobs)}?`, action: 'Stop', text: 'The worker is asked to end (SIGTERM). What still runs after the grace period is killed.' }),
    run: (job) => call('PUT', `jobs/${job.id}/status`, 'stop'), said: 'Asked to stop',
  },
  kill: {
    label: 'Kill', icon: 'kill', danger: true, fits: (job) => job.status === 'active',
    question: (jobs) => ({ title: `Kill ${many(jobs)}?`, action: 'Kill', danger: true, text: 'Every process that the job started ends at once, without a chance to clean up.' }),
    run: (job) => call('PUT', `jobs/${job.id}/status`, 'kill'), said: 'Killed',
  },
  delete: {
    label: 'Delete', icon: 'trash', danger: true, fits: (job) => job.status !== 'active',
    question: (jobs) => ({ title: `Delete ${many(jobs)}?`, action: 'Delete', danger: true, text: 'Its log and its response are deleted with it. This cannot be undone.' }),
    run: (job) => call('DELETE', `jobs/${job.id}`), said: 'Deleted',
  },
};

// Does one of the actions to all jobs that it fits. True when it was done, at least to one.
export async function act(name, jobs) {
  const action = actions[name];
  const fitting = jobs.filter(action.fits);
  if (fitting.length === 0) return false;
  if (action.question && !(await confirm(action.question(fitting)))) return false;
  const results = await Promise.allSettled(fitting.map(action.run));
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed.length) toast(failed[0].reason.message, 'error');
  else toast(fitting.length === 1 ? `${action.said}.` : `${action.said}: ${fitting.length} jobs.`);
  return failed.length < fitting.length;
}
