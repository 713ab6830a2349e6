// A form from a worker's JSON Schema. Values live in the parameters object; an empty field is an absent one.
import { html } from './vendor/preact.js';

const typeOf = (schema) => (Array.isArray(schema.type) ? schema.type.find((t) => t !== 'null') : schema.type)
  || (schema.enum ? typeof schema.enum[0] : 'string');

export const hasForm = (schema) => Boolean(schema && schema.properties && Object.keys(schema.properties).length
  && Object.values(schema.properties).every((p) => typeof p === 'object' && (typeOf(p) !== 'object')
    && (typeOf(p) !== 'array' || (p.items && !['object', 'array'].includes(typeOf(p.items))))));

export function defaultsOf(schema) {
  const out = {};
  for (const [name, property] of Object.entries((schema && schema.properties) || {})) {
    if (property && property.default !== undefined) out[name] = property.default;
  }
  return out;
}

// What is wrong with one value, in a few words; '' when nothing is. The server has the last word.
function faultOf(schema, value, required) {
  if (value === undefined || value === '') return required ? 'is required' : '';
  const type = typeOf(schema);
  if (type === 'integer' && !Number.isInteger(value)) return 'must be a whole number';
  if (type === 'number' && typeof value !== 'number') return 'must be a number';
  if (schema.minimum !== undefined && value < schema.minimum) return `must be at least ${schema.minimum}`;
  if (schema.maximum !== undefined && value > schema.maximum) return `must be at most ${schema.maximum}`;
  if (schema.minLength !== undefined && [...value].length < schema.minLength) return `must have at least ${schema.minLength} characters`;
  if (schema.maxLength !== undefined && [...value].length > schema.maxLength) return `must have at most ${schema.maxLength} characters`;
  if (type === 'array' && schema.minItems !== undefined && value.length < schema.minItems) return `must have at least ${schema.minItems} items`;
  if (type === 'array' && schema.maxItems !== undefined && value.length > schema.maxItems) return `must have at most ${schema.maxItems} items`;
  return '';
}

export function faultsOf(schema, parameters) {
  const out = {};
  for (const [name, property] of Object.entries((schema && schema.properties) || {})) {
    const fault = faultOf(property, parameters[name], (schema.required || []).includes(name));
    if (fault) out[name] = fault;
  }
  return out;
}

const inputTypes = { email: 'email', uri: 'url', date: 'date', time: 'time' };

function Input({ name, schema, value, set, invalid }) {
  const type = typeOf(schema);
  const common = { id: `p-${name}`, name, 'aria-invalid': invalid ? 'true' : undefined, 'aria-describedby': `h-${name}` };
  if (schema.enum) {
    return html`<select ...${common} value=${value === undefined ? '' : JSON.stringify(value)}
      onChange=${(e) => set(e.target.value === '' ? undefined : JSON.parse(e.target.value))}>
      ${(value === undefined || schema.default === undefined) && html`<option value="">–</option>`}
      ${schema.enum.map((choice) => html`<option value=${JSON.stringify(choice)}>${String(choice)}</option>`)}</select>`;
  }
  if (type === 'boolean') return html`<input ...${common} type="checkbox" checked=${value === true} onChange=${(e) => set(e.target.checked)} />`;
  if (type === 'integer' || type === 'number') {
    return html`<input ...${common} type="number" step=${type === 'integer' ? 1 : 'any'} min=${schema.minimum} max=${schema.maximum} value=${value ?? ''}
      onInput=${(e) => set(e.target.value === '' ? undefined : Number(e.target.value))} />`;
  }
  if (type === 'array') {
    const itemType = typeOf(schema.items || {});
    const read = (text) => (['integer', 'number'].includes(itemType) ? (text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)) : itemType === 'boolean' ? text.trim() === 'true' : text);
    return html`<textarea ...${common} rows="3" placeholder="One per line" value=${(value || []).join('\n')}
      onInput=${(e) => set(e.target.value === '' ? undefined : e.target.value.split('\n').filter((t, i, all) => t !== '' || i < all.length - 1).map(read))}></textarea>`;
  }
  return html`<input ...${common} type=${inputTypes[schema.format] || 'text'} value=${value ?? ''} placeholder=${schema.examples ? schema.examples[0] : undefined}
    onInput=${(e) => set(e.target.value === '' ? undefined : e.target.value)} />`;
}

export function SchemaForm({ schema, value, onChange, faults }) {
  const set = (name) => (part) => {
    const next = { ...value };
    if (part === undefined) delete next[name]; else next[name] = part;
    onChange(next);
  };
  return Object.entries(schema.properties).map(([name, property]) => html`
    <div class=${`field ${typeOf(property) === 'boolean' ? 'field-check' : ''}`}>
      <label for=${`p-${name}`}>${property.title || name}${(schema.required || []).includes(name) ? html`<span class="required" title="required"> *</span>` : ''}</label>
      <${Input} name=${name} schema=${property} value=${value[name]} set=${set(name)} invalid=${faults[name]} />
      <p class="help" id=${`h-${name}`}>${faults[name] ? html`<span class="fault">${faults[name]}</span> ` : ''}${property.description || ''}</p>
    </div>`);
}
