/**
 * What waits to be sent: one queue for all tabs of an origin, one storage key for each entry, in order of time.
 *
 * No tab ever rewrites what another one queued, and what a closed tab left behind is sent by whichever comes next.
 */

import { warn } from "./guard.ts";
import { batchSize, pipelineKey } from "./settings.ts";
import { forget, keysUnder, read, remove, write, writeToDisk } from "./storage.ts";

export interface Entry {
  readonly key: string;
  /** An event as JSON, or RESET. */
  readonly value: string;
  /** Given to the browser for sending, outcome unknown. */
  readonly doubtful: boolean;
}

export interface Batch {
  readonly keys: string[];
  readonly body: string;
  readonly reset: boolean;
}

/** Stands in the queue where `reset()` was called. */
export const RESET = "R";

/** A request body stays below the 64 KiB that browsers allow for requests that outlive their page. */
export const MAX_BODY_BYTES = 60_000;

/** Keys and values together, 100 KB with room for the consent. */
const MAX_STORED_BYTES = 100_000;

/** The server knows a repeated messageId for 24 hours; a doubtful event is not sent again after that. */
const DOUBT_MS = 23 * 3_600_000;

const DOUBT = "!";
const PREFIX = "_df." + pipelineKey + ".q.";
const TAB = "." + Math.random().toString(36).slice(2, 8);

export const keys = (): string[] => keysUnder(PREFIX);

/** The number in a key: milliseconds, made unique within this page, never running backwards. */
const numberIn = (key = ""): number => parseInt(key.slice(PREFIX.length)) || 0;

let last = numberIn(keys().pop());

export const bytes = (...texts: string[]): number => new TextEncoder().encode(texts.join("")).length;

export const entries = (): Entry[] =>
  keys().flatMap((key) => {
    const stored = read(key) || "";
    const doubtful = stored[0] == DOUBT;
    const value = doubtful ? stored.slice(1) : stored;
    if (!value || (doubtful && value != RESET && Date.now() - numberIn(key) > DOUBT_MS)) {
      remove(key);
      return [];
    }
    return { key, value, doubtful };
  });

/** Drops the oldest until the newcomer fits. A reset stays, unless the next entry is one too: it parts two people. */
export const makeRoom = (needed = 0): void => {
  const all = entries();
  let excess = needed + bytes(...all.flatMap(({ key, value }) => [key, value])) - MAX_STORED_BYTES;
  all.forEach(({ key, value }, index) => {
    if (excess > 0 && (value != RESET || all[index + 1]?.value == RESET)) {
      warn("queue full, oldest events dropped");
      remove(key);
      excess -= bytes(key, value);
    }
  });
};

export const append = (value: string): void => {
  if (value == RESET && read(keys().pop() || "") == RESET) return;
  last = Math.max(last + 1, Date.now());
  const key = PREFIX + last + TAB;
  makeRoom(bytes(key, value));
  write(key, value);
};

/**
 * The longest head of the waiting entries that may travel together: resets first, then events up to the next reset.
 * `reset` says that a reset sent just before has not been answered yet.
 */
export const cut = (waiting: Entry[], reset = false): Batch => {
  const taken: string[] = [];
  const events: string[] = [];
  let room = MAX_BODY_BYTES;
  for (const { key, value } of waiting) {
    if (value == RESET) {
      if (events[0]) break;
      reset = true;
    } else {
      room -= bytes(value) + 1;
      if (events.length >= batchSize || (events[0] && room < 0)) break;
      events.push(value);
    }
    taken.push(key);
  }
  const tail = reset ? ',"reset":true}' : "}";
  return { keys: taken, reset, body: `{"batch":[${events}],"sentAt":"${new Date().toISOString()}"${tail}` };
};

/** Marks on disk what may have been sent. */
export const doubt = ({ key, value }: Entry): void => writeToDisk(key, DOUBT + value);

/** As `doubt`, for what the browser took over: without a disk its word is trusted. */
export const handOver = (entry: Entry): void => {
  forget(entry.key);
  doubt(entry);
};
