// A form from a worker's JSON Schema. Values live in the parameters object; an empty field is an absent one.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { formatHint, isRequired, propertiesOf, typeOf } from './schema.js';

export const hasForm = (schema) => propertiesOf(schema).length > 0;

// Text that stands for a value: what is typed stays as it was typed, unless the value became another one elsewhere.
function useText(value, write, read, set) {
  const [text, setText] = useState(() => write(value));
  const said = useRef(value);
  useEffect(() => {
    if (JSON.stringify(said.current) === JSON.stringify(value)) return;
    said.current = value;
    setText(write(value));
  }, [value]);
  return [
    text,
    (next) => {
      setText(next);
      said.current = read(next);
      set(said.current);
    },
  ];
}

const writeText = (value) => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

// What is no number stays a text, which the check then names as a fault.
const readNumber = (text) => (text.trim() === '' ? undefined : Number.isFinite(Number(text)) ? Number(text) : text);

function readJson(text) {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function NumberInput({ schema, value, set, common }) {
  const [text, change] = useText(value, writeText, readNumber, set);
  const step = (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || Number.isNaN(Number(text))) return;
    event.preventDefault();
    const next = Math.min(schema.maximum ?? Infinity, Math.max(schema.minimum ?? -Infinity, Number(text) + by));
    change(String(Number(next.toFixed(10))));
  };
  return html`<input ...${common} class="short" inputmode=${typeOf(schema) === 'integer' ? 'numeric' : 'decimal'}
    autocomplete="off"
    value=${text} onInput=${(event) => change(event.target.value)} onKeyDown=${step} />`;
}

function ListInput({ schema, value, set, common }) {
  const number = ['integer', 'number'].includes(typeOf(schema.items || {}));
  const other = typeOf(schema.items || {}) === 'boolean';
  const read = (text) => {
    const lines = text.split('\n').filter((line) => line !== '');
    if (lines.length === 0) return undefined;
    return lines.map((line) => (number ? readNumber(line) : other ? readJson(line) : line));
  };
  const [text, change] = useText(value, (list) => (list || []).map(writeText).join('\n'), read, set);
  return html`<textarea ...${common} rows=${Math.min(8, Math.max(3, text.split('\n').length))}
    placeholder="One per line" spellcheck="false"
    value=${text} onInput=${(event) => change(event.target.value)}></textarea>`;
}

function JsonInput({ value, set, common }) {
  const [text, change] = useText(
    value,
    (json) => (json === undefined ? '' : JSON.stringify(json, null, 2)),
    readJson,
    set,
  );
  return html`<textarea ...${common} class="mono" rows=${Math.min(12, Math.max(3, text.split('\n').length))}
    placeholder="JSON" spellcheck="false"
    value=${text} onInput=${(event) => change(event.target.value)}></textarea>`;
}

function Choice({ schema, value, set, common }) {
  const pick = (event) => set(event.target.value === '' ? undefined : JSON.parse(event.target.value));
  return html`<select ...${common} value=${value === undefined ? '' : JSON.stringify(value)} onChange=${pick}>
    <option value="">–</option>
    ${schema.enum.map((choice) => html`<option value=${JSON.stringify(choice)}>${String(choice)}</option>`)}</select>`;
}

// Some of a few.
function Choices({ schema, value, set, common }) {
  const has = (choice) => (value || []).some((item) => item === choice);
  const toggle = (choice) => {
    const next = schema.items.enum.filter((each) => has(each) !== (each === choice));
    set(next.length ? next : undefined);
  };
  return html`<div class="row" role="group" id=${common.id} aria-labelledby=${`l-${common.name}`}
    aria-describedby=${common['aria-describedby']}>
    ${schema.items.enum.map(
      (choice) => html`
      <label class="inline"><input type="checkbox" checked=${has(choice)}
        onChange=${() => toggle(choice)} /> ${String(choice)}</label>`,
    )}</div>`;
}

const inputTypes = { email: 'email', uri: 'url', date: 'date', password: 'password' };

function TextInput({ schema, value, set, common }) {
  const change = (event) => set(event.target.value === '' ? undefined : event.target.value);
  if (schema.format === 'textarea' || schema.maxLength > 200 || (value || '').includes('\n')) {
    return html`<textarea ...${common} rows="4" value=${value ?? ''} onInput=${change}></textarea>`;
  }
  const hint = schema.examples ? schema.examples[0] : formatHint(schema.format);
  return html`<input ...${common} type=${inputTypes[schema.format] || 'text'} autocomplete="off" value=${value ?? ''}
    placeholder=${hint} onInput=${change} />`;
}

// The first that can show this kind of value. Whatever is none of the others is typed as JSON.
function inputFor(schema, value) {
  const type = typeOf(schema);
  const scalar = (s) => ['string', 'integer', 'number', 'boolean'].includes(typeOf(s));
  if (schema.enum) return Choice;
  if (type === 'integer' || type === 'number') return NumberInput;
  if (type === 'array' && schema.items && schema.items.enum) return Choices;
  const lines = []
    .concat(value === undefined ? [] : value)
    .every((item) => typeof item !== 'object' && !String(item).includes('\n'));
  if (type === 'array' && (!schema.items || scalar(schema.items)) && lines) return ListInput;
  if (type === 'string' && (value === undefined || typeof value === 'string')) return TextInput;
  return JsonInput;
}

function Field({ name, schema, value, set, required, fault }) {
  const title = schema.title || name;
  const common = {
    id: `p-${name}`,
    name,
    'aria-invalid': fault ? 'true' : undefined,
    'aria-required': required ? 'true' : undefined,
    'aria-describedby': `h-${name}`,
  };
  const check = typeOf(schema) === 'boolean' && !schema.enum && (value === undefined || typeof value === 'boolean');
  const Input = inputFor(schema, value);
  return html`
    <div class=${`field ${check ? 'field-check' : ''}`}>
      <label id=${`l-${name}`}
        for=${`p-${name}`}>${title}${required && html`<span class="required" aria-hidden="true"> *</span>`}</label>
      ${
        check
          ? html`<input ...${common} type="checkbox" checked=${value === true}
            onChange=${(event) => set(event.target.checked)} />`
          : html`<${Input} schema=${schema} value=${value} set=${set} common=${common} />`
      }
      <p class="help"
        id=${`h-${name}`}>${
          fault &&
          html`<span
            class="fault">${fault.replace(/^\w/, (c) => c.toUpperCase())}.</span> `
        }${schema.description}</p>
    </div>`;
}

export function SchemaForm({ schema, value, onChange, faults }) {
  const set = (name) => (part) => {
    const { [name]: _, ...rest } = value;
    onChange(part === undefined ? rest : { ...value, [name]: part });
  };
  const known = propertiesOf(schema);
  const others = Object.keys(value).filter((name) => !known.some(([each]) => each === name));
  return html`
    ${known.map(
      ([name, property]) => html`
      <${Field} key=${name} name=${name} schema=${property} value=${value[name]} set=${set(name)}
        required=${isRequired(schema, name)} fault=${faults[name]} />`,
    )}
    ${
      others.length > 0 &&
      html`<p
        class="help">Also given, see JSON: ${others.map(
          (name, i) =>
            html`${i > 0 && ', '}<code>${name}</code>${
              faults[name] && html` <span class="fault">${faults[name]}</span>`
            }`,
        )}</p>`
    }`;
}
