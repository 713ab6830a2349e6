// What can be done to jobs, for one or many, with the questions that come before.
import { call } from './api.js';
import { tellOutcome } from './outcome.js';
import { may } from './roles.js';
import { confirm, toast } from './ui.js';

const AT_ONCE = 4; // requests
const BULK_MAX = 1000; // of the API

const jobsOf = (count) => (count === 1 ? '1 job' : `${count.toLocaleString('en')} jobs`);

// That was started, and is not yet.
const isWaiting = (job) => job.status === 'idle' && Boolean(job.waiting);
const isToEnd = (job) => job.status === 'active' || isWaiting(job);
const isInLine = (job) => isWaiting(job) && !['time', 'retry'].includes(job.waiting.for);
const isOver = (job) => job.status !== 'active' && job.status !== 'idle';

// Whether a runner of ours has it, and may go on: who is told of a job that runs elsewhere cannot hold it.
const isOurs = (job) => job.status === 'active' && job.version !== null && !job.stop_requested;

const OUT_OF_LINE = 'It has not begun, and will not.';

// One after another in one request, with a row for each: { id, success, status, job, message }.
async function inBulk(action, which) {
  const { data } = await call('POST', 'bulk', { action, ...which });
  return data;
}

// A few requests at a time, for what cannot be done in bulk; rows as above.
async function oneByOne(word, jobs) {
  const rows = [];
  const left = [...jobs];
  const lane = async () => {
    for (let job = left.shift(); job; job = left.shift()) {
      try {
        const { data } = await call('PUT', `jobs/${job.id}/status`, word);
        rows.push({ id: job.id, success: true, status: data[0].status, paused: data[0].paused });
      } catch ({ message }) {
        rows.push({ id: job.id, success: false, message });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return rows;
}

// right: the call that it makes.
// hides: where it does not fit, it is not there at all, rather than disabled and telling why.
// isDone, later: whether a row of the answer tells that it is done already, and what is said when it does not.
// single: it is not done in bulk.
const actions = {
  start: {
    label: 'Start',
    icon: 'play',
    right: 'POST /bulk',
    said: 'Started',
    later: 'Waiting for its turn:',
    isDone: (row) => row.status !== 'idle',
    fits: (job) => job.status === 'idle' && !isInLine(job),
    why: 'Only an idle job can be started that does not wait for its turn already',
  },
  pause: {
    label: 'Pause',
    icon: 'pause',
    right: 'PUT /jobs/:id/status',
    single: true,
    said: 'Paused',
    later: 'Asked to pause:',
    isDone: (row) => row.paused,
    fits: (job) => isOurs(job) && !job.paused,
    hides: true,
  },
  resume: {
    label: 'Resume',
    icon: 'play',
    right: 'PUT /jobs/:id/status',
    single: true,
    said: 'Resumed',
    later: 'Asked to resume:',
    isDone: (row) => !row.paused,
    fits: (job) => isOurs(job) && job.paused,
    hides: true,
  },
  stop: {
    label: 'Stop',
    icon: 'stop',
    right: 'POST /bulk',
    said: 'Asked to stop:',
    fits: isToEnd,
    why: 'Only a job that is active or waits can be stopped',
    text: 'The worker is asked to end (SIGTERM). What still runs after the grace period is killed.',
    waitingText: OUT_OF_LINE,
  },
  kill: {
    label: 'Kill',
    icon: 'kill',
    right: 'POST /bulk',
    said: 'Killed',
    danger: true,
    fits: isToEnd,
    why: 'Only a job that is active or waits can be killed',
    text: 'Every process that the job started ends at once (SIGKILL), without a chance to clean up.',
    waitingText: OUT_OF_LINE,
  },
  retry: {
    label: 'Retry',
    icon: 'retry',
    right: 'POST /bulk',
    said: 'Made once more, and started:',
    fits: isOver,
    hides: true,
  },
  delete: {
    label: 'Delete',
    icon: 'trash',
    right: 'POST /bulk',
    said: 'Deleted',
    danger: true,
    fits: (job) => job.status !== 'active',
    why: 'An active job must be stopped or killed first',
    text: 'Its log and its response are deleted with it. This cannot be undone.',
  },
};

// What is offered to somebody for these jobs, as [name, action]. whole: for all jobs of a filter, seen or not.
export const offered = (me, jobs, whole) =>
  Object.entries(actions).filter(
    ([, action]) =>
      may(me, action.right) && (whole ? !action.single : !action.hides || jobs.some(action.fits)),
  );

// whole: { filter, total } where all jobs of a filter are meant.
function question(action, fitting, all, whole) {
  if (whole) {
    const most = whole.total > BULK_MAX ? ` The newest ${BULK_MAX.toLocaleString('en')} of them are taken.` : '';
    return {
      title: `${action.label} ${jobsOf(whole.total)}?`,
      action: action.label,
      danger: action.danger,
      text: `${action.text || 'Each of them is started once more.'} What does not fit is left as it is.${most}`,
    };
  }
  const [only] = fitting;
  const what = fitting.length === 1 ? only.name || only.worker : jobsOf(fitting.length);
  const text = action.waitingText && fitting.every(isWaiting) ? action.waitingText : action.text;
  const rest =
    fitting.length < all.length
      ? ` The other ${all.length - fitting.length} of the ${all.length} selected are left as they are.`
      : '';
  return { title: `${action.label} ${what}?`, action: action.label, danger: action.danger, text: text + rest };
}

async function run(name, fitting, whole) {
  if (whole) return inBulk(name, { filter: whole.filter });
  if (actions[name].single) return oneByOne(name, fitting);
  const rows = [];
  const ids = fitting.map((job) => job.id);
  for (let at = 0; at < ids.length; at += BULK_MAX)
    rows.push(...(await inBulk(name, { ids: ids.slice(at, at + BULK_MAX) })));
  return rows;
}

// In a sentence where all went well, or there is one alone; else how each one fared.
function tell(action, rows, jobs) {
  const titleOf = ({ id }) => {
    const job = jobs.find((each) => each.id === id);
    return job ? job.name || job.worker : id;
  };
  const refused = rows.filter((row) => !row.success);
  const done = rows.filter((row) => row.success && (!action.isDone || action.isDone(row))).length;
  for (const [count, said] of [
    [done, action.said],
    [rows.length - refused.length - done, action.later],
  ])
    if (count) toast(`${said} ${rows.length === 1 ? titleOf(rows[0]) : jobsOf(count)}`);
  if (rows.length === 0) toast('No job fits any more.', 'error');
  else if (rows.length === 1 && refused.length) toast(refused[0].message, 'error');
  else if (refused.length)
    tellOutcome({ title: `${action.label}: ${refused.length} of ${jobsOf(rows.length)} not`, rows, titleOf });
}

// Does one of the actions to all jobs that it fits. Gives the rows of those to which it was done; null: to none.
export async function act(name, jobs, whole) {
  const action = actions[name];
  const fitting = jobs.filter(action.fits);
  if (!whole && fitting.length === 0) return null;
  if ((whole || action.text) && !(await confirm(question(action, fitting, jobs, whole)))) return null;
  try {
    const rows = await run(name, fitting, whole);
    tell(action, rows, jobs);
    const done = rows.filter((row) => row.success);
    return done.length ? done : null;
  } catch (problem) {
    toast(problem.message, 'error');
    return null;
  }
}
