// Create a job: what it runs, when, and whether it is started.
import { html, useEffect, useState } from './vendor/preact.js';
import { call, get, isQuiet } from './api.js';
import { JobForm, useFaultFocus, useJobForm } from './job_form.js';
import { wishesLike } from './limits.js';
import { planLike } from './plan.js';
import { may } from './roles.js';
import { address, isJobId } from './route.js';
import { focusOn, useShortcuts } from './shortcuts.js';
import { Button, Empty, Notice, useTitle } from './ui.js';

const jobOf = (id) =>
  isJobId(id) &&
  get(`jobs/${id}`)
    .then(({ data }) => data[0])
    .catch(() => null); // deleted meanwhile

// preset: a worker. like: a job that this one is to be like. after: a job that it is to come after.
export function CreateJob({ me, preset, like, after }) {
  const [workers, setWorkers] = useState(null);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const form = useJobForm(workers);
  useTitle('Create a job');
  useShortcuts({ '/': focusOn('[data-testid=worker-search]') });

  const begin = async () => {
    try {
      const { data } = await get('workers?limit=1000');
      setWorkers(data);
      if (form.chosen) return; // somebody signed in again: what was typed stays
      const job = await jobOf(like);
      const options = job && (data.find((each) => each.name === job.worker) || {}).options;
      form.choose(preset && data.some((each) => each.name === preset) ? preset : (data[0] || {}).name, data, {
        parameters: job && job.parameters,
        name: (job && job.name) || '',
        wishes: {
          ...(job && { ...wishesLike(job, options), ...planLike(job, options) }),
          ...(isJobId(after) && { after: [{ job: after, on: 'done' }] }),
        },
      });
    } catch (problem) {
      if (!isQuiet(problem)) setError(problem.message);
    }
  };
  useEffect(() => {
    begin();
  }, [me]);
  useFaultFocus(error);

  const create = async (start) => {
    setError('');
    if (!form.check()) {
      if (!form.fault) setError('Some of it is not right yet: see above.');
      return;
    }
    setBusy(true);
    try {
      const { data } = await call('POST', 'jobs', { ...form.body(), start });
      location.hash = address(['jobs', data[0].id]);
    } catch (problem) {
      if (!isQuiet(problem)) {
        setError(problem.message);
        form.refuse(problem);
      }
      setBusy(false);
    }
  };

  if (workers && workers.length === 0)
    return html`<h1>Create a job</h1><${Empty} title="No workers yet" icon="workers">A job needs a worker.${' '}
      ${may(me, 'PUT /workers/:name') && html`<a href="#/create-worker">Create one.</a>`}<//>`;
  return html`
    <h1>Create a job</h1>
    ${
      workers &&
      form.chosen &&
      html`
      <${JobForm} form=${form} workers=${workers} nameHelp="To find it again. May be left out."
        onSubmit=${() => create(true)}>
        ${error && html`<${Notice}>${error}<//>`}
        <div class="row end submit">
          <${Button} disabled=${busy} onClick=${() => create(false)} data-testid="create">Create<//>
          <${Button} type="submit" icon="play" kind="primary" disabled=${busy}
            data-testid="create-start">Create and start<//>
        </div>
      <//>`
    }
    ${!workers && error && html`<${Notice}>${error}<//>`}`;
}
