/** Puts `datafly` and `_df` on the window and replays what was called before. */

import type { Datafly } from "../d.d.ts";
import { type Fields, version } from "./context.ts";
import { eventJson, plain } from "./event.ts";
import { guarded, on, warn } from "./guard.ts";
import { settle, settleWhenParsed, settled, watchPages } from "./pages.ts";
import { makeRoom, RESET } from "./queue.ts";
import { enqueue, flush, startSending } from "./sender.ts";
import { debug, globalName, pipelineKey } from "./settings.ts";
import { followOtherTabs } from "./storage.ts";
import { consent, forgetVisitor, ids, learnConsent, learnGroup, learnUser, noticeReset } from "./visitor.ts";

type Method = Exclude<keyof Datafly, "version">;
type Call = [name: Method, ...args: unknown[]];

const emit = (type: string, fields: Fields): void => {
  const json = eventJson(type, { ...fields, ...ids() }, consent());
  if (!json) return;
  if (debug) console.log("[datafly]", json);
  enqueue(json);
};

const isObject = (value: unknown): boolean => !!value && typeof value == "object";

const methods: Record<Method, (first?: unknown, second?: unknown) => unknown> = {
  page(name, properties) {
    settled();
    if (isObject(name)) [name, properties] = [undefined, name];
    emit("page", { name: name == null ? undefined : String(name), properties: plain(properties) });
  },
  track(event, properties) {
    settle();
    if (!event || typeof event != "string") return warn("track needs a name, dropped", event);
    emit("track", { event, properties: plain(properties) });
  },
  identify(userId, traits) {
    if (isObject(userId)) [userId, traits] = [undefined, userId];
    emit("identify", { traits: learnUser(userId, traits) });
  },
  group(groupId, traits) {
    emit("group", { traits: learnGroup(groupId, traits) });
  },
  consent(categories) {
    learnConsent(plain(categories));
    emit("consent", {});
    flush();
  },
  reset() {
    forgetVisitor();
    enqueue(RESET);
    flush();
  },
  flush,
  ready: (run) => (run as () => void)(),
};

const start = (calls: Call[], run: (call: Call) => void): void => {
  const hasPage = calls.some(([name]) => name == "page");
  followOtherTabs(() => makeRoom());
  watchPages(() => run(["page"]), hasPage);
  startSending();
  calls.forEach(run);
  settleWhenParsed();
};

/** The snippet's stand-in is an array of calls; it becomes the real thing, so that references to it stay good. */
const install = (): void => {
  const earlier: unknown = window.datafly;
  if ((earlier as Datafly | undefined)?.version) return;
  const calls: Call[] = Array.isArray(earlier) ? earlier.splice(0) : [];
  let held: Call[] | undefined = calls;
  const run = guarded(([name, ...args]: Call) => {
    noticeReset();
    methods[name](...args);
  });
  const dispatch = (call: Call): void => void (held ? held.push(call) : run(call));
  const api = (Array.isArray(earlier) ? earlier : {}) as Datafly & { push: unknown };
  api.version = version;
  for (const name of Object.keys(methods) as Method[]) {
    api[name] = (...args: unknown[]) => dispatch([name, ...args]);
  }
  api.push = dispatch;
  window.datafly = api;
  const names = window as unknown as Record<string, unknown>;
  // What a page, or the browser, has under that name stays: to set `location` would leave the page.
  if ((names[globalName] || earlier) == earlier) names[globalName] = api;
  else warn("data-global is taken", globalName);
  if (!pipelineKey) warn("data-pipeline-key is missing");
  const begin = (): void => {
    held = undefined;
    start(calls, run);
  };
  // A page that is rendered ahead may never be seen.
  if ((document as { prerendering?: boolean }).prerendering) on(document, "prerenderingchange", begin);
  else begin();
};

guarded(install)();
