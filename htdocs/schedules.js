// Schedules: what they mean, when they run next, and what became of their last time.
import { html, useState } from './vendor/preact.js';
import { call } from './api.js';
import { Times } from './cron_field.js';
import { Pages, usePages, useReloading } from './pages.js';
import { JobTabs } from './parts.js';
import { may } from './roles.js';
import { address } from './route.js';
import { goTo, useShortcuts } from './shortcuts.js';
import { Time, inZone } from './time.js';
import { Button, Empty, LinkButton, confirm, toast, useTitle } from './ui.js';
import { kinds } from './units.js';

const POLL_MS = 5000;
const titleOf = (schedule) => schedule.name || schedule.worker;

export const deleteSchedule = (schedule) =>
  confirm({
    title: `Delete the schedule ${titleOf(schedule)}?`,
    action: 'Delete',
    danger: true,
    text: 'It makes no jobs any more. Those that it made stay.',
    run: () => call('DELETE', `schedules/${schedule.id}`),
    said: `Deleted ${titleOf(schedule)}`,
  });

// The job that it would make, as it is kept now; besides its times.
export async function runNow({ job, name }) {
  try {
    const { data } = await call('POST', 'jobs', { ...(name && { name }), ...job, start: true });
    location.hash = address(['jobs', data[0].id]);
  } catch (problem) {
    toast(problem.message, 'error');
  }
}

const overlaps = { allow: 'both run', skip: 'left out', queue: 'waits for its end' };
const catchUps = { none: 'nothing', last: 'the last one runs', all: 'all of them run' };

function Details({ schedule: s }) {
  const facts = [
    ['Coming', s.next && s.next.length > 0 && html`<${Times} times=${s.next} zone=${s.zone} />`],
    ['Waiting', s.queued.length > 0 && html`<${Times} times=${s.queued} zone=${s.zone} />`],
    ['Expression', html`<code>${s.cron}</code> in ${s.zone}`],
    ['Overlap', `If the one before still runs: ${overlaps[s.overlap]}`],
    [
      'Missed',
      `Of times that were missed: ${catchUps[s.catch_up]}${
        s.catch_up === 'none' ? '' : `, up to ${kinds.seconds.write(s.window)} back`
      }`,
    ],
    ['Jitter', s.jitter > 0 && `Up to ${kinds.seconds.write(s.jitter)} late`],
    ['Left out', s.skipped && html`${inZone(s.skipped, s.zone)}, since a job was not over`],
    ['Parameters', html`<code>${JSON.stringify(s.job.parameters || {})}</code>`],
    ['Made', html`<${Time} at=${s.created} /> by ${s.created_by}`],
    ['Changed', html`<${Time} at=${s.changed} /> by ${s.changed_by}`],
    ['Id', html`<span class="mono">${s.id}</span>`],
  ];
  return html`
    <dl class="row-facts">${facts
      .filter(([, value]) => value)
      .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Next({ schedule: s }) {
  const waits = s.queued.length > 0 && html` <span class="tag">${s.queued.length} waiting</span>`;
  if (!s.enabled) return html`<span class="quiet">off</span>`;
  if (!s.next) return html`<span class="fault">its zone is gone</span>`;
  if (s.next.length === 0) return html`<span class="quiet">–</span>${waits}`;
  return html`<${Time} at=${s.next[0]} /> <span class="sub number">${inZone(s.next[0], s.zone)}</span>${waits}`;
}

const Last = ({ last }) =>
  last
    ? html`<a href=${address(['jobs', last.job])} title="The job of that time" data-testid="schedule-last"><${Time}
        at=${last.time} /></a>`
    : html`<span class="quiet">never</span>`;

// A switch for who may turn it; a word for others.
function Enabled({ schedule, me, turn }) {
  if (!may(me, 'PUT /schedules/:schedule')) return schedule.enabled ? 'on' : 'off';
  return html`<input type="checkbox" role="switch" class="switch" checked=${schedule.enabled} onChange=${turn}
    aria-label=${`${titleOf(schedule)} is enabled`} data-testid="schedule-enabled" />`;
}

function Row({ schedule, me, open, toggle, turn, remove }) {
  const { id } = schedule;
  const title = titleOf(schedule);
  const details = `schedule-${id}`;
  const edits = may(me, 'PUT /schedules/:schedule');
  return html`
    <tr data-schedule=${id}>
      <td class="fold-cell"><${Button} small icon="chevron" kind=${`plain ${open ? 'opened' : ''}`}
        iconOnly=${`Details of ${title}`} aria-expanded=${String(open)} aria-controls=${details} onClick=${toggle}
        data-testid="schedule-details" /></td>
      <td class="main">
        <span class="line-1">${
          edits
            ? html`<a href=${address(['schedules', id])} data-testid="schedule-edit">${title}</a>`
            : html`<b title=${title}>${title}</b>`
        }${schedule.name && html`<span class="quiet">${schedule.worker}</span>`}</span>
        <span class="sub" title=${schedule.cron}>${schedule.description || schedule.cron}</span></td>
      <td data-label="Next"><${Next} schedule=${schedule} /></td>
      <td data-label="Last"><${Last} last=${schedule.last} /></td>
      <td data-label="Enabled"><${Enabled} schedule=${schedule} me=${me} turn=${turn} /></td>
      <td class="actions">
        <${LinkButton} small icon="jobs" href=${address(['jobs'], { schedule: id })} data-testid="schedule-jobs"
          aria-label=${`Jobs of ${title}`}>Jobs<//>
        ${
          may(me, 'POST /jobs') &&
          html`<${Button} small icon="play" onClick=${() => runNow(schedule)} data-testid="schedule-run"
            aria-label=${`Run ${title} now`}>Run now<//>`
        }
        ${
          may(me, 'DELETE /schedules/:schedule') &&
          html`<${Button} small icon="trash" kind="danger-quiet" iconOnly=${`Delete ${title}`} onClick=${remove}
            data-testid="schedule-delete" />`
        }
      </td>
    </tr>
    <tr class="details" id=${details} hidden=${!open}>${
      open && html`<td colspan="6"><${Details} schedule=${schedule} /></td>`
    }</tr>`;
}

export function Schedules({ me }) {
  const pages = usePages('schedules', [me]);
  const [open, setOpen] = useState(null);
  useReloading(pages, POLL_MS);
  useTitle('Schedules');
  const adds = may(me, 'POST /schedules');
  useShortcuts({ r: pages.reload, c: adds && goTo('#/schedules/new') });
  const turn = async (schedule) => {
    try {
      await call('PUT', `schedules/${schedule.id}`, { enabled: !schedule.enabled });
      toast(`${titleOf(schedule)} is ${schedule.enabled ? 'off' : 'on'}`);
    } catch (problem) {
      toast(problem.message, 'error');
    }
    pages.reload();
  };
  return html`
    <${JobTabs} view="schedules" />
    <div class="head"><h1>Schedules</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${pages.reload} data-testid="reload">Reload<//>
      ${
        adds &&
        html`<${LinkButton} icon="plus" kind="primary" href="#/schedules/new"
          data-testid="schedule-new">New schedule<//>`
      }
    </div>
    <${Pages} pages=${pages} empty=${html`<${Empty} title="No schedules yet" icon="calendar">
        A schedule makes a job again and again, at times that a cron expression says.<//>`}>
      ${(rows) => html`
        <div class="table-box"><table class="list labelled schedules">
          <thead><tr><th><span class="hidden">Details</span></th><th>Schedule</th><th>Next</th><th>Last</th>
            <th>Enabled</th><th><span class="hidden">Actions</span></th></tr></thead>
          <tbody>${rows.map(
            (schedule) => html`
            <${Row} key=${schedule.id} schedule=${schedule} me=${me} open=${open === schedule.id}
              toggle=${() => setOpen(open === schedule.id ? null : schedule.id)} turn=${() => turn(schedule)}
              remove=${async () => {
                if (await deleteSchedule(schedule)) pages.reload();
              }} />`,
          )}</tbody>
        </table></div>`}
    <//>`;
}
