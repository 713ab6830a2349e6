// A cron expression and its time zone: while they are typed, the server says what they mean and when that is.
import { html, useEffect, useState } from './vendor/preact.js';
import { get, isQuiet } from './api.js';
import { Time, inZone } from './time.js';
import { Button } from './ui.js';
import { sentence } from './wishes.js';

const TYPING_MS = 200;
const examples = [
  ['Every hour', '0 * * * *'],
  ['Every day', '30 2 * * *'],
  ['Weekdays', '0 8 * * MON-FRI'],
  ['First of the month', '0 6 1 * *'],
  ['Every 10 min', '@every 10m'],
];

// { description, next }, or what is wrong as { problem }; null while it is not known.
function useMeaning(cron, zone) {
  const [meaning, setMeaning] = useState(null);
  useEffect(() => {
    const control = new AbortController();
    const ask = async () => {
      try {
        const query = new URLSearchParams({ expression: cron, zone });
        setMeaning((await get(`cron?${query}`, { signal: control.signal })).data[0]);
      } catch (problem) {
        if (!isQuiet(problem)) setMeaning({ problem });
      }
    };
    if (!cron.trim() || !zone.trim()) {
      setMeaning(null);
      return undefined;
    }
    const timer = setTimeout(ask, TYPING_MS);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [cron, zone]);
  return meaning;
}

const Next = ({ at, zone }) => html`
  <li><span class="number">${inZone(at, zone)}</span> <span class="quiet"><${Time} at=${at} /></span></li>`;

export const Times = ({ times, zone }) => html`
  <ol class="times">${times.map((at) => html`<${Next} key=${at} at=${at} zone=${zone} />`)}</ol>`;

// The sentence is read out when it changes; the times, which tell how far off they are, are not.
function Meaning({ meaning, zone }) {
  const there = meaning && !meaning.problem;
  return html`
    <div class="meaning">
      <p class="meaning-words" role="status">${there && sentence(meaning.description)}</p>
      ${
        there &&
        (meaning.next.length > 0
          ? html`<${Times} times=${meaning.next} zone=${zone} />`
          : html`<p class="quiet">No time of the clock lies ahead.</p>`)
      }
    </div>`;
}

const zones = () => (Intl.supportedValuesOf ? ['UTC', ...Intl.supportedValuesOf('timeZone')] : ['UTC']);

// faults: { cron, zone }: what the server said when it was sent.
export function CronFields({ cron, zone, setCron, setZone, faults }) {
  const meaning = useMeaning(cron, zone);
  const [known] = useState(() => [...new Set(zones())]);
  const problem = meaning && meaning.problem;
  const zoneFault = faults.zone || (problem && problem.code === 'zone_unknown' && problem.message);
  const cronFault = faults.cron || (problem && problem.code !== 'zone_unknown' && problem.message);
  return html`
    <div class="pair cron"><div class="field wide"><label for="schedule-cron">Cron expression</label>
      <input id="schedule-cron" class="mono" value=${cron} onInput=${(event) => setCron(event.target.value)}
        maxlength="200" placeholder="30 2 * * 1-5" spellcheck="false" autocomplete="off" autocapitalize="none"
        aria-required="true" aria-invalid=${cronFault ? 'true' : undefined} aria-describedby="schedule-cron-help" />
      <p class="help" id="schedule-cron-help">${
        cronFault
          ? html`<span class="fault">${sentence(cronFault)}</span>`
          : `Minutes, hours, days, months, days of the week; with six fields seconds first. Or @daily, @every 90s and so
            on.`
      }</p>
    </div>
    <div class="field"><label for="schedule-zone">Time zone</label>
      <input id="schedule-zone" value=${zone} onInput=${(event) => setZone(event.target.value)} list="zones"
        spellcheck="false" autocomplete="off" autocapitalize="none" aria-required="true"
        aria-invalid=${zoneFault ? 'true' : undefined} aria-describedby="schedule-zone-help" />
      <datalist id="zones">${known.map((name) => html`<option value=${name}></option>`)}</datalist>
      <p class="help" id="schedule-zone-help">${
        zoneFault
          ? html`<span class="fault">${sentence(zoneFault)}</span>`
          : 'Such as Europe/Vienna: times of day stay when the clock is changed.'
      }</p></div></div>
    <div class="row" role="group" aria-label="Examples">${examples.map(
      ([label, expression]) => html`
      <${Button} small onClick=${() => setCron(expression)} title=${expression}
        data-testid="cron-example">${label}<//>`,
    )}</div>
    <${Meaning} meaning=${meaning} zone=${zone} />`;
}
