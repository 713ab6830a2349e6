// What a JobJoker worker in JavaScript (Node.js) says to its job and asks of it.
//
//     #!/usr/bin/env node
//     // Description: Greets somebody.
//     // Parameters: {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
//     (async () => {
//       const jobjoker = await import(process.env.JOBJOKER_LIB + '/js/jobjoker.mjs');
//       jobjoker.response('Hello ' + jobjoker.parameters().name);
//     })();
//
// What is written to standard output becomes log entries, line by line. The exit status says how the job ended: 0 is
// done, anything else is an error. End a line before you call one of these: a command is one only at its beginning.

import { readFileSync } from 'node:fs';

export const id = process.env.JOBJOKER_ID ?? ''; // of the job
export const worker = process.env.JOBJOKER_WORKER ?? ''; // its worker's name
export const attempt = Number(process.env.JOBJOKER_ATTEMPT) || 1; // more when it is tried again
export const api = process.env.JOBJOKER_API ?? ''; // URL of the API, without a slash at its end
export const token = process.env.JOBJOKER_TOKEN ?? ''; // lets this job into its own part of the API

let read; // the parameters, once they were asked for
let stop; // an AbortController, once SIGTERM is caught

const escape = (text) => String(text).replace(/[%\n\r]/g, (c) => ({ '%': '%25', '\n': '%0A', '\r': '%0D' })[c]);

// One entry of the log, which may have many lines.
export const log = (text) => void process.stdout.write(`::log::${escape(text)}\n`);

// One entry of the response, which is what the job was started for.
export const response = (text) => void process.stdout.write(`::response::${escape(text)}\n`);

// A log entry that is also the reason why the job failed, if it fails.
export const error = (text) => void process.stdout.write(`::error::${escape(text)}\n`);

// How far it is, 0 to 100, and what it is at.
export function progress(percent, message = '') {
  const whole = Math.max(0, Math.min(100, Math.floor(percent) || 0));
  process.stdout.write(`::progress ${whole}${message === '' ? '' : ` ${escape(message)}`}::\n`);
}

// All parameters, an object.
export const parameters = () => (read ??= JSON.parse(readFileSync(0, 'utf8') || '{}'));

// False once somebody asked the job to stop: end soon then, or be killed after a while. Signals are seen only while
// something is awaited. A job that never asks is ended by SIGTERM at once.
export const wanted = () => !stopSignal().aborted;

// The same as an AbortSignal, for fetch() and others.
export function stopSignal() {
  if (!stop) {
    stop = new AbortController();
    process.once('SIGTERM', () => stop.abort());
  }
  return stop.signal;
}

// Sleeps, but not on when the job is asked to stop. Resolves to wanted().
export function sleep(seconds) {
  const signal = stopSignal();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(wanted());
    };
    const timer = setTimeout(end, signal.aborted ? 0 : seconds * 1000);
    signal.addEventListener('abort', end);
  });
}
