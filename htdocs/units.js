// Sizes, durations and counts: as people read them, and as they type them.

const KIB = 1024;
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const decimal = ['B', 'kB', 'MB', 'GB', 'TB'];

// About so many: "1.5 MiB".
export function size(bytes) {
  if (bytes < KIB) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log(bytes) / Math.log(KIB)));
  return `${Number((bytes / KIB ** power).toFixed(power > 1 ? 1 : 0))} ${binary[power]}`;
}

export function duration(ms) {
  if (ms > 0 && ms < 1000) return `${ms} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms % 1000 ? 1 : 0)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

// -- exactly: what read() makes a number of is what write() made of that number --

const amount = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)$/i;
const seconds = { d: 86400, h: 3600, min: 60, s: 1 };
const secondNames = { ...seconds, '': 1, m: 60, sec: 1, ms: 0.001 };

// As the settings of the server have it, M is MiB; MB is a million.
function bytesOf(unit) {
  const [, letter, rest] = unit.toLowerCase().match(/^([kmgt]?)(|ib|b)$/) || [];
  if (letter === undefined || (letter === '' && rest === 'ib')) return NaN;
  return (letter && rest === 'b' ? 1000 : KIB) ** (' kmgt'.indexOf(letter || ' '));
}

function readAmount(text, factorOf) {
  const [, number, unit] = text.trim().match(amount) || [];
  return number === undefined ? NaN : Number(number) * factorOf(unit);
}

// In the largest unit that leaves no more than one decimal.
function writeBytes(bytes) {
  for (const [base, names] of [
    [KIB, binary],
    [1000, decimal],
  ])
    for (let power = 4; power > 0; power--)
      if (bytes >= base ** power && (bytes * 10) % base ** power === 0)
        return `${bytes / base ** power} ${names[power]}`;
  return `${bytes} B`;
}

// In the largest unit that leaves a whole number.
function writeSeconds(number) {
  const [unit, length] = Object.entries(seconds).find(([, each]) => number && number % each === 0) || ['s', 1];
  return `${number / length} ${unit}`;
}

// read() gives NaN for what it does not understand. `like` tells people what it understands.
export const kinds = {
  seconds: {
    read: (text) => Math.round(readAmount(text, (unit) => secondNames[unit.toLowerCase()] ?? NaN) * 1000) / 1000,
    write: writeSeconds,
    exact: (number) => `${number.toLocaleString('en')} s`,
    like: 'a time, such as 90, 5 min or 2 h',
  },
  bytes: {
    read: (text) => Math.round(readAmount(text, bytesOf)),
    write: writeBytes,
    exact: (number) => `${number.toLocaleString('en')} bytes`,
    like: 'a size, such as 512M, 1.5 GiB or a number of bytes',
  },
  count: {
    read: (text) => (/^\d+$/.test(text.trim()) ? Number(text) : NaN),
    write: String,
    exact: (number) => number.toLocaleString('en'),
    like: 'a whole number',
  },
};
