// Times as people read them, and the clock that keeps them right.
import { html, useEffect, useState } from './vendor/preact.js';
import { serverNow } from './api.js';
import { duration } from './units.js';

// One timer for all that shows a time: `useNow(10)` draws again when ten seconds have passed.
const watchers = new Set();
setInterval(() => {
  if (!document.hidden) watchers.forEach((watch) => watch());
}, 1000);

export function useNow(seconds) {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    if (!seconds) return undefined;
    const watch = () => setNow((old) => (serverNow() - old >= seconds * 1000 - 200 ? serverNow() : old));
    watchers.add(watch);
    return () => watchers.delete(watch);
  }, [seconds]);
  return now;
}

const units = [
  ['year', 31536000],
  ['month', 2592000],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' });

export function ago(text, now = serverNow()) {
  const seconds = Math.round((Date.parse(text) - now) / 1000);
  if (Math.abs(seconds) < 3) return 'just now';
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size);
  return relative.format(Math.trunc(seconds / length), unit);
}

const two = (number) => String(number).padStart(2, '0');
export const clock = (text) => {
  const at = new Date(text);
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
};
export const day = (text) => {
  const at = new Date(text);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};

// The wall clock of a time zone: "Mon 2026-11-30 02:30 UTC+1". A zone that the browser does not know is told in UTC.
const formats = new Map();
function formatOf(zone) {
  if (!formats.has(zone)) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' };
    const wanted = { ...parts, second: '2-digit', weekday: 'short', timeZoneName: 'shortOffset', hourCycle: 'h23' };
    const make = (timeZone) => new Intl.DateTimeFormat('en', { ...wanted, timeZone });
    try {
      formats.set(zone, make(zone));
    } catch {
      formats.set(zone, make('UTC'));
    }
  }
  return formats.get(zone);
}

export function inZone(text, zone) {
  const part = Object.fromEntries(formatOf(zone).formatToParts(new Date(text)).map(({ type, value }) => [type, value]));
  const seconds = part.second === '00' ? '' : `:${part.second}`;
  return (
    `${part.weekday} ${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}${seconds} ` +
    part.timeZoneName.replace(/^GMT(\+0)?/, 'UTC')
  );
}

export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

// Relative, with the exact time (here and in UTC) for who points at it; `exact` shows both.
export function Time({ at, exact }) {
  const now = useNow(at ? 5 : 0);
  if (!at) return html`<span class="quiet">–</span>`;
  const here = `${day(at)} ${clock(at)}`;
  return html`
    <time datetime=${at} title=${`${here} (${at})`}>${ago(at, now)}</time>
    ${exact && html` <span class="sub number">${here.slice(0, -4)}</span>`}`;
}

// How long a job took, or takes so far.
export function Took({ job }) {
  const runs = job.status === 'active';
  const now = useNow(runs ? 1 : 0);
  if (!job.starttime || (!runs && !job.stoptime)) return html`<span class="quiet">–</span>`;
  const end = runs ? now : Date.parse(job.stoptime);
  const ms = Math.max(0, end - Date.parse(job.starttime));
  return duration(runs ? Math.floor(ms / 1000) * 1000 : ms); // seconds are fine while they count
}
