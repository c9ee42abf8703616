/** Makes events: one JSON text each, whatever the page hands in. */

import { type Fields, circumstances } from "./context.ts";
import { warn } from "./guard.ts";
import { MAX_BODY_BYTES, bytes } from "./queue.ts";

/** From getRandomValues alone: randomUUID is missing on plain http. */
export const uuid = (): string => {
  const random = crypto.getRandomValues(new Uint8Array(16));
  random[6] = (random[6]! & 15) | 64;
  random[8] = (random[8]! & 63) | 128;
  const hex = Array.from(random, (byte) => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

/** JSON of what can be told: BigInt as text; circles, DOM nodes and functions left out. May throw (getters, proxies). */
const stringify = (value: unknown): string | undefined => {
  const path: unknown[] = [];
  return JSON.stringify(value, function (this: unknown, _key, inner) {
    if (typeof inner == "bigint") return inner + "";
    if (inner && typeof inner == "object") {
      while (path[0] && path[0] != this) path.shift();
      if (inner.nodeType || inner.window == inner || path.includes(inner)) return undefined;
      path.unshift(inner);
    }
    return inner;
  });
};

/** A plain copy of an object, without the members that cannot be told. */
export const plain = (given: unknown): Fields => {
  const copy: Fields = {};
  for (const name of given && typeof given == "object" ? Object.keys(given) : []) {
    try {
      const json = stringify((given as Fields)[name]);
      if (json) copy[name] = JSON.parse(json);
    } catch {
      warn("left out, no JSON: " + name);
    }
  }
  return copy;
};

/** What the gateway refuses: half of a surrogate pair (a text cut within an emoji) and NUL, as JSON escapes them. */
const UNSOUND = /\\(\\|u(0000|d[89a-f]..))/g;

const sound = (json: string): string => json.replace(UNSOUND, (all, _, found) => (found ? "\ufffd" : all));

export const eventJson = (type: string, fields: Fields, consent: Fields | undefined): string | undefined => {
  const context = { ...circumstances(), consent };
  if (type == "page") fields.properties = { ...context.page, ...(fields.properties as Fields) };
  const stamps = { timestamp: new Date().toISOString(), messageId: uuid() };
  const json = sound(JSON.stringify({ type, ...fields, context, ...stamps }));
  if (bytes(json) < MAX_BODY_BYTES) return json;
  warn("too large, dropped: " + type, fields.event);
  return undefined;
};
