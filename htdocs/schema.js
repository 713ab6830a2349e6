// A worker's JSON Schema, as far as the server understands it: what is wrong with parameters, in the server's words.
// Pure. The server has the last word; this one is only quicker.

export function typeOf(schema) {
  if (schema.type) return Array.isArray(schema.type) ? schema.type.find((type) => type !== 'null') : schema.type;
  if (schema.enum) return typeof schema.enum[0];
  return 'any';
}

export const propertiesOf = (schema) =>
  Object.entries((schema && schema.properties) || {}).map(([name, property]) => [
    name,
    property && typeof property === 'object' ? property : {},
  ]);

export const isRequired = (schema, name) => (schema.required || []).includes(name);

export function defaultsOf(schema) {
  return Object.fromEntries(
    propertiesOf(schema)
      .filter(([, property]) => property.default !== undefined)
      .map(([name, property]) => [name, property.default]),
  );
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const quoted = (values) => values.map((value) => JSON.stringify(value)).join(', ');
const items = (count) => `${count} item${count === 1 ? '' : 's'}`;
const characters = (count) => `${count} character${count === 1 ? '' : 's'}`;

const types = {
  null: ['null', (v) => v === null],
  boolean: ['true or false', (v) => typeof v === 'boolean'],
  integer: ['a whole number', (v) => Number.isInteger(v)],
  number: ['a number', (v) => typeof v === 'number'],
  string: ['a string', (v) => typeof v === 'string'],
  array: ['a list', (v) => Array.isArray(v)],
  object: ['an object', (v) => v !== null && typeof v === 'object' && !Array.isArray(v)],
};

const formats = {
  date: ['a date such as 2026-01-31', /^\d{4}-\d\d-\d\d$/],
  time: ['a time such as 23:59:00Z', /^\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i],
  'date-time': ['a time such as 2026-01-31T23:59:00Z', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i],
  email: ['an e-mail address', /^[^\s@]+@[^\s@]+$/],
  uri: ['a URL such as https://example.org/', /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/],
};
export const formatHint = (format) => (formats[format] ? formats[format][0].split(' such as ')[1] : undefined);

// JavaScript's patterns are not quite the server's: what is written otherwise there is left to it.
function matches(pattern, text) {
  if (pattern.includes('[:')) return true;
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return true;
  }
}

// Each looks at values of its own type only: [type, is it right, what to say].
const keywords = {
  minimum: ['number', (v, n) => v >= n, (n) => `must be at least ${n}`],
  maximum: ['number', (v, n) => v <= n, (n) => `must be at most ${n}`],
  exclusiveMinimum: ['number', (v, n) => v > n, (n) => `must be more than ${n}`],
  exclusiveMaximum: ['number', (v, n) => v < n, (n) => `must be less than ${n}`],
  minLength: [
    'string',
    (v, n) => [...v].length >= n,
    (n) => (n === 1 ? 'must not be empty' : `must have at least ${characters(n)}`),
  ],
  maxLength: ['string', (v, n) => [...v].length <= n, (n) => `must have at most ${characters(n)}`],
  pattern: ['string', (v, pattern) => matches(pattern, v), (pattern) => `must match the pattern ${pattern}`],
  format: [
    'string',
    (v, format) => !formats[format] || formats[format][1].test(v),
    (format) => `must be ${formats[format][0]}`,
  ],
  minItems: ['array', (v, n) => v.length >= n, (n) => `must have at least ${items(n)}`],
  maxItems: ['array', (v, n) => v.length <= n, (n) => `must have at most ${items(n)}`],
  uniqueItems: [
    'array',
    (v, unique) => !unique || new Set(v.map((item) => JSON.stringify(item))).size === v.length,
    () => 'must not repeat a value',
  ],
};

// What is wrong with one value, in a few words; '' when nothing is.
export function faultOf(schema, value) {
  const wanted = [].concat(schema.type || []).filter((type) => types[type]);
  if (wanted.length && !wanted.some((type) => types[type][1](value)))
    return `must be ${wanted.map((type) => types[type][0]).join(' or ')}`;
  if (schema.enum && !schema.enum.some((choice) => same(choice, value))) return `must be one of ${quoted(schema.enum)}`;
  if (schema.const !== undefined && !same(schema.const, value)) return `must be ${quoted([schema.const])}`;
  for (const [keyword, [type, fits, say]] of Object.entries(keywords)) {
    if (schema[keyword] !== undefined && types[type][1](value) && !fits(value, schema[keyword]))
      return say(schema[keyword]);
  }
  if (Array.isArray(value) && schema.items) {
    for (const [i, item] of value.entries()) {
      const fault = faultOf(schema.items, item);
      if (fault) return `item ${i + 1} ${fault}`;
    }
  }
  return '';
}

// { name: what is wrong }; {} when nothing is.
export function faultsOf(schema, parameters) {
  const out = {};
  if (!schema) return out;
  for (const name of schema.required || []) if (parameters[name] === undefined) out[name] = 'is required';
  const known = new Map(propertiesOf(schema));
  for (const [name, value] of Object.entries(parameters)) {
    const fault = known.has(name)
      ? faultOf(known.get(name), value)
      : schema.additionalProperties === false
        ? 'is not a parameter of this worker'
        : '';
    if (fault) out[name] = fault;
  }
  return out;
}
