// Queues: how many slots they have, how many of these are used, and who waits for one.
import { html, useState } from './vendor/preact.js';
import { call } from './api.js';
import { CheckField, FormDialog, TextField } from './forms.js';
import { Pages, usePages, useReloading } from './pages.js';
import { JobTabs } from './parts.js';
import { may } from './roles.js';
import { address } from './route.js';
import { useShortcuts } from './shortcuts.js';
import { Button, Empty, Icon, confirm, toast, useTitle } from './ui.js';
import { kinds } from './units.js';

const POLL_MS = 2000;
const pathOf = (name) => `queues/${encodeURIComponent(name)}`;
const change = 'PUT /queues/:queue';

// '' is no limit.
function readSlots(text) {
  if (text.trim() === '') return null;
  const slots = kinds.count.read(text);
  if (Number.isNaN(slots)) throw new Error('Slots must be a whole number, or empty for no limit.');
  return slots;
}

const SlotsField = ({ slots, setSlots, ...rest }) => html`
  <${TextField} id="queue-slots" label="Slots" value=${slots} onText=${setSlots} inputmode="numeric"
    placeholder="no limit" help="A job takes one while it is active, unless it says how many. Empty: no limit."
    ...${rest} />`;

const PausedField = ({ paused, setPaused }) => html`
  <${CheckField} id="queue-paused" label="Paused" checked=${paused} onCheck=${setPaused}
    help="No job of it is started. What runs goes on." />`;

// A name that is taken would be another's queue changed, so it is looked for first.
async function isTaken(name) {
  try {
    await call('GET', pathOf(name));
    return true;
  } catch (problem) {
    if (problem.status === 404) return false;
    throw problem;
  }
}

function NewQueue({ onClose, onDone }) {
  const [name, setName] = useState('');
  const [slots, setSlots] = useState('1');
  const [paused, setPaused] = useState(false);
  const create = async () => {
    const wanted = readSlots(slots);
    if (await isTaken(name)) throw new Error(`There is a queue ${name} already.`);
    await call('PUT', pathOf(name), { slots: wanted, paused });
    onDone(`Created the queue ${name}`);
  };
  return html`
    <${FormDialog} title="New queue" action="Create queue" submit=${create} onClose=${onClose}>
      <${TextField} id="queue-name" label="Name" value=${name} onText=${setName} required maxlength="64" autofocus
        pattern="[A-Za-z0-9_\\-]+" title="Letters, digits, _ and - only" help="Letters, digits, _ and -" />
      <${SlotsField} slots=${slots} setSlots=${setSlots} />
      <${PausedField} paused=${paused} setPaused=${setPaused} />
    <//>`;
}

// Sends what was changed here only: somebody else may have changed the rest meanwhile.
function EditQueue({ queue, onClose, onDone }) {
  const [slots, setSlots] = useState(queue.slots === null ? '' : String(queue.slots));
  const [paused, setPaused] = useState(queue.paused);
  const save = async () => {
    const wanted = readSlots(slots);
    const changes = {
      ...(wanted !== queue.slots && { slots: wanted }),
      ...(paused !== queue.paused && { paused }),
    };
    if (Object.keys(changes).length) await call('PUT', pathOf(queue.name), changes);
    onDone(`Changed ${queue.name}`);
  };
  return html`
    <${FormDialog} title=${`Queue ${queue.name}`} action="Save" submit=${save} onClose=${onClose}>
      <${SlotsField} slots=${slots} setSlots=${setSlots} autofocus />
      <${PausedField} paused=${paused} setPaused=${setPaused} />
    <//>`;
}

const deleteQueue = (name) =>
  confirm({
    title: `Delete the queue ${name}?`,
    action: 'Delete',
    danger: true,
    text: 'Jobs that name it and were not started yet cannot be started then.',
    run: () => call('DELETE', pathOf(name)),
    said: `Deleted ${name}`,
  });

// Whoever is limited to some workers is not told how much the others do.
const Count = ({ count }) => (count === null ? html`<span class="quiet">–</span>` : count.toLocaleString('en'));

function Used({ queue }) {
  const { used, slots, name } = queue;
  if (used === null || slots === null) return html`<${Count} count=${used} />`;
  return html`<span class="used">
    <meter min="0" max=${slots} value=${Math.min(used, slots)} aria-label=${`Used slots of ${name}`}></meter>
    <span>${used} of ${slots}</span></span>`;
}

function State({ queue }) {
  if (queue.paused) return html`<span class="status status-paused"><${Icon} name="pause" />Paused</span>`;
  return html`<span class="status status-done"><${Icon} name="done" />Open</span>`;
}

function Row({ queue, me, edit, pause, remove }) {
  const { name, paused } = queue;
  return html`
    <tr data-queue=${name}>
      <td class="main"><span class="line-1"><a href=${address(['jobs'], { queue: name })} title=${`Jobs of ${name}`}
        data-testid="queue-jobs">${name}</a></span></td>
      <td data-label="State"><${State} queue=${queue} /></td>
      <td data-label="Slots" class="number">${queue.slots === null ? 'no limit' : queue.slots.toLocaleString('en')}</td>
      <td data-label="Used" class="number"><${Used} queue=${queue} /></td>
      <td data-label="Waiting" class="number"><${Count} count=${queue.waiting} /></td>
      <td class="actions">
        ${
          may(me, change) &&
          html`<${Button} small icon=${paused ? 'play' : 'pause'} onClick=${pause} data-testid="queue-pause"
            aria-label=${`${paused ? 'Resume' : 'Pause'} ${name}`}>${paused ? 'Resume' : 'Pause'}<//>
          <${Button} small icon="edit" onClick=${edit} data-testid="queue-edit" aria-label=${`Edit ${name}`}>Edit<//>`
        }
        ${
          may(me, 'DELETE /queues/:queue') &&
          html`<${Button} small icon="trash" kind="danger-quiet" iconOnly=${`Delete ${name}`} onClick=${remove}
            data-testid="queue-delete" />`
        }
      </td>
    </tr>`;
}

export function Queues({ me }) {
  const pages = usePages('queues', [me]);
  const [dialog, setDialog] = useState(null);
  useReloading(pages, POLL_MS);
  useTitle('Queues');
  const close = () => setDialog(null);
  const done = (said) => {
    close();
    toast(said);
    pages.reload();
  };
  const pause = async ({ name, paused }) => {
    try {
      await call('PUT', pathOf(name), { paused: !paused });
      toast(`${paused ? 'Resumed' : 'Paused'} ${name}`);
    } catch (problem) {
      toast(problem.message, 'error');
    }
    pages.reload();
  };
  const add = () => setDialog(html`<${NewQueue} onClose=${close} onDone=${done} />`);
  useShortcuts({ r: pages.reload, c: may(me, change) && add });
  return html`
    <${JobTabs} view="queues" />
    <div class="head"><h1>Queues</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${pages.reload} data-testid="reload">Reload<//>
      ${
        may(me, change) &&
        html`<${Button} icon="plus" kind="primary" onClick=${add} data-testid="queue-new">New queue<//>`
      }
    </div>
    <${Pages} pages=${pages} empty=${html`<${Empty} title="No queues yet" icon="queue">
        A queue lets so many of its jobs run at a time; the others wait in line.<//>`}>
      ${(rows) => html`
        <div class="table-box"><table class="list labelled queues">
          <thead><tr><th>Queue</th><th>State</th><th class="number">Slots</th><th class="number">Used</th>
            <th class="number">Waiting</th><th><span class="hidden">Actions</span></th></tr></thead>
          <tbody>${rows.map(
            (queue) => html`
            <${Row} key=${queue.name} queue=${queue} me=${me} pause=${() => pause(queue)}
              edit=${() => setDialog(html`<${EditQueue} queue=${queue} onClose=${close} onDone=${done} />`)}
              remove=${async () => {
                if (await deleteQueue(queue.name)) pages.reload();
              }} />`,
          )}</tbody>
        </table></div>`}
    <//>
    ${dialog}`;
}
