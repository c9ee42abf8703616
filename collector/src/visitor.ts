/** Who the visitor is, in the memory of this page, and what they consented to, on this browser. */

import type { Fields } from "./context.ts";
import { plain, uuid } from "./event.ts";
import { pipelineKey } from "./settings.ts";
import { warn } from "./guard.ts";
import { forget, read, remove, write } from "./storage.ts";

interface Party {
  id?: string;
  traits: Fields;
}

const CONSENT = "_df." + pipelineKey + ".consent";
/** Another value after each reset, whichever page of the origin called it. */
const RESETS = "_df." + pipelineKey + ".reset";

let resets = read(RESETS);

let user: Party = { traits: {} };
let group: Party = { traits: {} };

/** What the gateway would not take for an id must not spoil every event that follows. */
const idFrom = (given: unknown): string | undefined => {
  const id = String(given);
  return id.length > 255 ? warn("an id has more than 255 characters, left out") : id;
};

/** The same party with more traits (the newer win), or another party. */
const merged = ({ id, traits }: Party, given: unknown, more: unknown): Party => {
  const named = given == null || given === "" ? id : idFrom(given);
  return { id: named, traits: { ...(id && id != named ? {} : traits), ...plain(more) } };
};

export const learnUser = (id: unknown, traits: unknown): Fields => (user = merged(user, id, traits)).traits;

export const learnGroup = (id: unknown, traits: unknown): Fields => (group = merged(group, id, traits)).traits;

export const ids = (): Fields => ({ userId: user.id, groupId: group.id });

export const consent = (): Fields | undefined => {
  try {
    return JSON.parse(read(CONSENT)!);
  } catch {
    return undefined; // never given, or spoilt by somebody else
  }
};

/** Fails closed: anything but true is a refusal. */
export const learnConsent = (categories: Fields): void => {
  const all = { ...consent() };
  for (const name of Object.keys(categories)) all[name] = categories[name] === true;
  write(CONSENT, JSON.stringify(all));
};

/**
 * Called before whatever speaks of the visitor. A reset on another page makes them unknown here too: in the tab beside
 * this one, and on a page that the browser kept and shows again.
 */
export const noticeReset = (): void => {
  const latest = read(RESETS);
  if (!latest || latest == resets) return;
  resets = latest;
  user = group = { traits: {} };
  forget(CONSENT);
};

/** Consent too: the next person on this browser has not been asked. */
export const forgetVisitor = (): void => {
  remove(CONSENT);
  write(RESETS, uuid());
  noticeReset();
};
