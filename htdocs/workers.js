// Manage workers: the list.
import { html, useEffect, useState } from './vendor/preact.js';
import { call, get, isQuiet } from './api.js';
import { may } from './roles.js';
import { address } from './route.js';
import { focusOn, goTo, useShortcuts } from './shortcuts.js';
import { Time } from './time.js';
import { Button, Empty, LinkButton, Notice, Search, confirm, useTitle } from './ui.js';
import { size } from './units.js';

// Asks first. True when it is gone.
export const deleteWorker = (name) =>
  confirm({
    title: `Delete worker ${name}?`,
    action: 'Delete',
    danger: true,
    text: 'It is gone from the list. Jobs that run keep running; jobs that wait for their start will fail.',
    run: () => call('DELETE', `workers/${name}`),
    said: `Deleted ${name}`,
  });

function Row({ worker, me, remove }) {
  const { name } = worker;
  return html`
    <tr data-worker=${name}>
      <td class="main"><span class="line-1"><a href=${address(['workers', name])}>${name}</a></span>
        ${worker.description && html`<span class="sub" title=${worker.description}>${worker.description}</span>`}</td>
      <td data-label="Kind"><span class="tag">${worker.kind}</span></td>
      <td data-label="Version" class="number">${worker.version}</td>
      <td data-label="Size" class="number">${size(worker.size)}</td>
      <td data-label="Modified"><${Time} at=${worker.modified} /></td>
      <td class="actions">
        ${
          may(me, 'POST /jobs') &&
          html`
          <${LinkButton} small icon="play" href=${address(['create'], { worker: name })} data-testid="job-of"
            aria-label=${`New job of ${name}`}>New job<//>`
        }
        <${LinkButton} small icon="code" href=${address(['workers', name])} data-testid="code-of"
          aria-label=${`Code of ${name}`}>Code<//>
        ${
          may(me, 'DELETE /workers/:name') &&
          html`
          <${Button} small icon="trash" kind="danger-quiet" iconOnly=${`Delete ${name}`} onClick=${remove}
            data-testid="delete-of" />`
        }
      </td>
    </tr>`;
}

export function Workers({ me }) {
  const [workers, setWorkers] = useState(null);
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  const load = async () => {
    try {
      setWorkers((await get('workers?limit=1000')).data);
      setError('');
    } catch (problem) {
      if (!isQuiet(problem)) setError(problem.message);
    }
  };
  useEffect(() => {
    load();
  }, [me]);
  useTitle('Workers');
  useShortcuts({
    r: load,
    c: may(me, 'PUT /workers/:name') && goTo('#/create-worker'),
    '/': focusOn('[data-testid=find-worker]'),
  });
  const fitting = (workers || []).filter((worker) =>
    `${worker.name} ${worker.kind} ${worker.description || ''}`.toLowerCase().includes(text.toLowerCase()),
  );
  return html`
    <div class="head"><h1>Workers</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${load} data-testid="reload">Reload<//>
      ${
        may(me, 'PUT /workers/:name') &&
        html`<${LinkButton} icon="plus" kind="primary" href="#/create-worker"
          data-testid="new-worker">New worker<//>`
      }
    </div>
    ${error && html`<${Notice}>${error}<//>`}
    ${
      workers &&
      workers.length === 0 &&
      html`
      <${Empty} title="No workers yet" icon="workers">
        A worker is the code that does a job.${' '}
        ${may(me, 'PUT /workers/:name') && html`<a href="#/create-worker">Create the first one.</a>`}<//>`
    }
    ${
      workers &&
      workers.length > 0 &&
      html`
      <div class="filters"><${Search} label="Search workers" placeholder="Search name, kind, description" value=${text}
        onText=${setText} data-testid="find-worker" /></div>
      ${
        fitting.length === 0
          ? html`<${Empty} title="No worker fits" icon="search">Search for something else.<//>`
          : html`
        <div class="table-box"><table class="list workers">
          <thead><tr>
            <th>Worker</th><th>Kind</th><th class="number">Version</th><th class="number">Size</th><th>Modified</th>
            <th><span class="hidden">Actions</span></th>
          </tr></thead>
          <tbody>${fitting.map(
            (worker) => html`
            <${Row} key=${worker.name} worker=${worker} me=${me} remove=${async () => {
              if (await deleteWorker(worker.name)) load();
            }} />`,
          )}</tbody>
        </table></div>`
      }`
    }`;
}
