/** Sends the queue: in order, one request at a time, until the server has answered for it. */

import { on, warn } from "./guard.ts";
import { type Batch, append, cut, doubt, entries, handOver, keys } from "./queue.ts";
import { batchSize, batchUrl, flushIntervalMs } from "./settings.ts";
import { onDisk, remove } from "./storage.ts";

const REPLY_MS = 30_000;
const MAX_BACKOFF_SECONDS = 60;
const MAX_RETRY_AFTER_SECONDS = 3600;

let timer = 0;
let busy = false;
let inFlight: Batch | undefined;
/** Whatever is not newer than this key is to be sent now. */
let upTo = "";
let failures = 0;
let notBefore = 0;
let unreachable = false;

const later = (milliseconds: number): void => {
  timer ||= setTimeout(flush, milliseconds) as unknown as number;
};

const expiry = (milliseconds: number): AbortSignal => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), milliseconds);
  return controller.signal;
};

/**
 * One sender at a time among the tabs of an origin, so that order holds and only one anonymous id is minted.
 * Without Web Locks (plain http) or with a tab that sits on the lock, two may send the same: the server dedupes.
 */
const alone = async (send: () => Promise<boolean>): Promise<boolean> => {
  try {
    return await navigator.locks.request("_df", { signal: expiry(REPLY_MS + 5000) }, send);
  } catch {
    return send();
  }
};

const post = (body: string): Promise<Response> =>
  fetch(batchUrl, { method: "POST", body, credentials: "include", keepalive: true, signal: expiry(REPLY_MS) });

const backOff = (reply?: Response): false => {
  const asked = Math.min(+(reply?.headers.get("Retry-After") || 0), MAX_RETRY_AFTER_SECONDS);
  const seconds = asked || Math.min(2 ** failures++, MAX_BACKOFF_SECONDS) / 2;
  const wait = seconds * (1 + Math.random() * (asked ? 0.1 : 1)) * 1000;
  unreachable = !reply;
  notBefore = Date.now() + wait;
  later(wait);
  return false;
};

const isTransient = ({ status }: Response): boolean => status == 408 || status == 429 || status >= 500;

const tellRefusals = async (reply: Response): Promise<void> => {
  const { errors } = await reply.json();
  if (errors) warn("some events were refused", errors);
};

const settle = (batch: Batch, reply: Response): boolean => {
  if (isTransient(reply)) return backOff(reply);
  failures = 0;
  batch.keys.forEach(remove);
  if (reply.ok) tellRefusals(reply).catch(() => {});
  else warn("batch refused, dropped", reply.status);
  return true;
};

/** Whether to go on at once. */
const sendHead = async (): Promise<boolean> => {
  try {
    inFlight = cut(entries());
    return !inFlight.keys[0] || settle(inFlight, await post(inFlight.body));
  } catch {
    return backOff();
  } finally {
    inFlight = undefined;
  }
};

const isDue = (): boolean => (keys()[0] || "~") <= upTo;

/** Sends all that waits at this moment, when the server's and the network's last answer allows. */
export const flush = async (): Promise<void> => {
  clearTimeout(timer);
  timer = 0;
  upTo = keys().pop() || "";
  if (busy) return;
  const wait = notBefore - Date.now();
  if (wait > 0) return later(wait);
  busy = true;
  while (isDue() && (await alone(sendHead)));
  busy = false;
};

export const enqueue = (value: string): void => {
  append(value);
  keys().filter((key) => key > upTo).length < batchSize ? later(flushIntervalMs) : flush();
};

/**
 * The page may end now: gives what waits to the browser. What it takes stays on disk as doubtful, and is confirmed
 * (sent once more, under the same messageId) by the next page. While the server or the network is away it only stays.
 * Until a reset is answered the old cookie still travels, so that all that follows one says so.
 */
const leave = (): void => {
  const flying = inFlight?.keys || [];
  const all = entries();
  all.filter(({ key }) => flying.includes(key)).forEach(doubt);
  let rest = all.filter(({ key, doubtful }) => !doubtful && !flying.includes(key));
  if ((!navigator.onLine || notBefore > Date.now()) && rest.some(({ key }) => onDisk(key))) return;
  let reset = inFlight?.reset;
  const given: string[] = [];
  while (rest[0]) {
    const batch = cut(rest, reset);
    if (!navigator.sendBeacon(batchUrl, batch.body)) return;
    // Sent again under the new identity, the old one's events would tie the two together.
    if (batch.reset && !reset) [...flying, ...given].forEach(remove);
    rest.splice(0, batch.keys.length).forEach(handOver);
    given.push(...batch.keys);
    reset = batch.reset;
  }
};

export const startSending = (): void => {
  on(window, "pagehide", leave);
  on(document, "visibilitychange", () => document.visibilityState == "hidden" && leave());
  on(window, "online", () => {
    if (unreachable) notBefore = 0;
    flush();
  });
  if (keys()[0]) later(flushIntervalMs);
};
