// The audit trail: who did what, when, from where, and what came of it. What is filtered for is in the address.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { AccessTabs } from './parts.js';
import { urlOf } from './api.js';
import { Pages, usePages } from './pages.js';
import { calls } from './roles.js';
import { address, currentQuery, replaceAddress } from './route.js';
import { focusOn, useShortcuts } from './shortcuts.js';
import { Time, clock, day } from './time.js';
import { Button, Empty, Icon, LinkButton, useTitle } from './ui.js';

const TYPING_MS = 300;
const CSV_ROWS = 1000; // of the API, in one answer

const results = { '': 'All', allowed: 'Allowed', refused: 'Refused' };
// What a log-in is, is not in the table of what roles may.
const actions = [...calls.filter((call) => !call.startsWith('GET ')), 'POST /session', 'DELETE /session'].sort();

// -- filters --

const texts = {
  user: { label: 'User', placeholder: 'Name' },
  action: { label: 'Action', placeholder: 'PUT …', list: actions },
  object: { label: 'Object', placeholder: 'Name or id' },
};
const times = { since: 'From', until: 'Until' };
const names = [...Object.keys(texts), 'result', ...Object.keys(times)];

const readFilter = (query) => Object.fromEntries(names.map((name) => [name, query.get(name) || '']));
// A field for times knows neither seconds nor zones: here it is the reader's own time, in the address it is UTC.
const toLocal = (at) => (at && !Number.isNaN(Date.parse(at)) ? `${day(at)}T${clock(at).slice(0, 5)}` : '');
const fromLocal = (text) => (text ? new Date(text).toISOString() : '');

const queryOf = (filter) => new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();

// Applied when typing pauses.
function TextFilter({ name, value, apply }) {
  const { label, placeholder, list } = texts[name] || { label: 'Status or code', placeholder: '403 …' };
  const [text, setText] = useState(value);
  const said = useRef(value);
  useEffect(() => {
    if (value !== said.current) setText((said.current = value)); // by something else than this field
  }, [value]);
  useEffect(() => {
    if (text === said.current) return undefined;
    const timer = setTimeout(() => apply((said.current = text.trim())), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`
    <label class="filter"><span>${label}</span>
      <input value=${text} placeholder=${placeholder} onInput=${(event) => setText(event.target.value)} type="search"
        list=${list && `audit-${name}`} autocomplete="off" autocapitalize="none" spellcheck="false"
        data-testid=${`audit-${name}`} />
      ${list && html`<datalist id=${`audit-${name}`}>${list.map((each) => html`<option value=${each} />`)}</datalist>`}
    </label>`;
}

function Filters({ filter, change }) {
  const { result } = filter;
  return html`
    <div class="filters audit-filters">
      <div class="segments" role="group" aria-label="Result">${Object.entries(results).map(
        ([value, words]) => html`
        <button type="button" aria-pressed=${result === value} onClick=${() => change({ result: value })}
          data-testid=${`audit-result-${value || 'all'}`}>${words}</button>`,
      )}</div>
      ${Object.keys(texts).map(
        (name) => html`
        <${TextFilter} key=${name} name=${name} value=${filter[name]}
          apply=${(value) => change({ [name]: value }, true)} />`,
      )}
      <${TextFilter} name="result" value=${result in results ? '' : result}
        apply=${(value) => change({ result: value }, true)} />
      ${Object.entries(times).map(
        ([name, label]) => html`
        <label class="filter"><span>${label}</span>
          <input type="datetime-local" value=${toLocal(filter[name])} data-testid=${`audit-${name}`}
            onChange=${(event) => change({ [name]: fromLocal(event.target.value) })} /></label>`,
      )}
    </div>`;
}

// -- rows --

// How it is known who it was.
const vias = {
  token: 'by token',
  password: 'by password',
  session: 'in a session',
  remote: 'by the web server',
  anonymous: 'without credentials',
  job: 'with a job’s token',
  command: 'by command',
};

const isRefused = (row) => row.status >= 400;

function Result({ row }) {
  const [look, words] = isRefused(row) ? ['error', 'Refused'] : ['done', 'Allowed'];
  return html`<span class=${`status status-${look}`}><${Icon} name=${look} /><span
    class="hidden">${words}</span>${' '}${row.status}</span>`;
}

const plural = (count, one, many) => (count === 1 ? one : `${count.toLocaleString('en')} ${many}`);

// A row without an action stands for refused requests that were only counted.
const What = ({ row }) =>
  row.action
    ? html`<span class="line-1"><span class="mono">${row.action}</span></span>
        ${row.object && html`<span class="sub mono" title=${row.object}>${row.object}</span>`}`
    : html`<span class="line-1"><i>${plural(row.times, 'One more that was', 'more that were')} refused</i></span>`;

function Details({ row }) {
  const facts = [
    ['Time', `${day(row.time)} ${clock(row.time)} (${row.time})`],
    ['Row', row.seq.toLocaleString('en')],
    ['Result', `${row.status} ${row.code}`],
    ['Request', row.request],
    ['Requests', row.times > 1 && row.times.toLocaleString('en')],
    ['Address', row.address],
    ['Object', row.object],
    ['Hash', row.hash],
  ];
  return html`
    <dl class="row-facts">${facts
      .filter(([, value]) => value)
      .map(([name, value]) => html`<div><dt>${name}</dt><dd class="mono">${value}</dd></div>`)}</dl>`;
}

function Row({ row, open, toggle }) {
  const id = `audit-row-${row.seq}`;
  return html`
    <tr data-audit=${row.seq}>
      <td class="fold-cell"><${Button} small icon="chevron" kind=${`plain ${open ? 'opened' : ''}`}
        iconOnly=${`Details of row ${row.seq}`} aria-expanded=${String(open)} aria-controls=${id} onClick=${toggle}
        data-testid="audit-details" /></td>
      <td data-label="Time"><${Time} at=${row.time} exact /></td>
      <td data-label="Result"><${Result} row=${row} />
        ${row.code && html` <span class="mono quiet">${row.code}</span>`}</td>
      <td class="main"><${What} row=${row} /></td>
      <td data-label="Who"><b class="name" title=${row.user}>${row.user || 'not known'}</b>
        ${row.via && html`<span class="sub">${vias[row.via] || row.via}</span>`}</td>
      <td data-label="From" class="mono">${row.address || '–'}</td>
    </tr>
    <tr id=${id} class="details" hidden=${!open}><td colspan="6">${open && html`<${Details} row=${row} />`}</td></tr>`;
}

function Table({ rows }) {
  const [open, setOpen] = useState(new Set());
  const toggle = (seq) => () => {
    const next = new Set(open);
    if (!next.delete(seq)) next.add(seq);
    setOpen(next);
  };
  return html`
    <div class="table-box"><table class="list labelled audit">
      <thead><tr><th><span class="hidden">Details</span></th><th>Time</th><th>Result</th><th>What</th><th>Who</th>
        <th>From</th></tr></thead>
      <tbody>${rows.map(
        (row) => html`<${Row} key=${row.seq} row=${row} open=${open.has(row.seq)} toggle=${toggle(row.seq)} />`,
      )}</tbody>
    </table></div>`;
}

export function Audit({ me, query }) {
  const filter = readFilter(query);
  const asked = queryOf(filter);
  const pages = usePages(asked ? `audit?${asked}` : 'audit', [me]);
  useTitle('Audit trail');
  useShortcuts({ r: pages.reload, '/': focusOn('[data-testid=audit-user]') });
  // More than one field may wait for a pause in typing: each changes its own part of what the address says then.
  const change = (part, replace) => {
    const hash = address(['audit'], { ...readFilter(currentQuery()), ...part });
    if (replace) replaceAddress(hash);
    else location.hash = hash;
  };
  const total = pages.list ? pages.list.total : 0;
  const csv = urlOf(`audit.csv?${new URLSearchParams([...new URLSearchParams(asked), ['limit', CSV_ROWS]])}`);
  return html`
    <${AccessTabs} view="audit" />
    <div class="head"><h1>Audit trail</h1><span class="grow"></span>
      <${Button} icon="reload" kind="wide-text" onClick=${pages.reload} data-testid="reload">Reload<//>
      <${LinkButton} icon="down" href=${csv} download="audit.csv" data-testid="audit-csv">${
        total > CSV_ROWS ? `CSV of the newest ${CSV_ROWS.toLocaleString('en')}` : 'CSV'
      }<//>
    </div>
    <p class="quiet">Each change, and each request that was refused. The rows are chained by hashes:${' '}
      <code>jobjoker audit verify</code>, on the server, tells whether one was changed or removed.</p>
    <${Filters} filter=${filter} change=${change} />
    <${Pages} pages=${pages} empty=${
      asked
        ? html`<${Empty} title="No row fits" icon="search">Change the filter to see others, or${' '}
            <a href="#/audit" data-testid="audit-clear">see all rows</a>.<//>`
        : html`<${Empty} title="Nothing was done yet" icon="log">
            Each change and each refused request has a row here.<//>`
    }>
      ${(rows) => html`<${Table} rows=${rows} />`}
    <//>`;
}
