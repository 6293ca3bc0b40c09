// node .ci/schemas.mjs FROM TO: what an OpenAPI 3.0 description says of requests, in
// the words of JSON Schema, so that it loads in milliseconds.
import { readFileSync, writeFileSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
const all = JSON.parse(readFileSync(from));
const prose = new Set(['responses', 'examples', 'example', 'description', 'summary', 'title', 'tags', 'externalDocs', 'callbacks']);

// lean drops what does not bear on a request. The keys of `properties` and of
// `paths` are names, not words of OpenAPI.
const lean = (value, names = false) => {
  if (Array.isArray(value)) return value.map(one => lean(one));
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key]) => names || !prose.has(key) && !key.startsWith('x-'));
  const out = Object.fromEntries(kept.map(([key, one]) => [key, lean(one, !names && key === 'properties')]));
  return names ? out : nullable(out);
};

// nullable is a word of OpenAPI alone.
const nullable = schema => {
  if (schema.nullable === undefined) return schema;
  const { nullable: yes, ...rest } = schema;
  if (!yes) return rest;
  if (rest.enum) rest.enum = [...rest.enum, null];
  return rest.type ? { ...rest, type: [rest.type, 'null'] } : { anyOf: [rest, { type: 'null' }] };
};

const components = {};
// follow keeps the components that are referred to.
const follow = value => JSON.stringify(value, (key, ref) => {
  const [, kind, name] = key === '$ref' && typeof ref === 'string' && ref.match(/^#\/components\/(\w+)\/(.+)$/) || [];
  if (kind && !components[kind]?.[name]) {
    (components[kind] ??= {})[name] = lean(all.components[kind][name]);
    follow(components[kind][name]);
  }
  return ref;
});

const paths = lean(all.paths, true);
follow(paths);
writeFileSync(to, JSON.stringify({ paths, components }));
