/**
 * Strings by key: on disk (localStorage, shared by the tabs of an origin) and in the memory of this page.
 *
 * The memory holds what this page wrote, so that a denied, full or cleared disk loses nothing while the page lives.
 * Where both have a key, the disk is newer: another tab may have written it.
 */

import { on } from "./guard.ts";

const memory = new Map<string, string>();

/** Every access may throw: storage can be denied, absent or full. */
const disk = <T>(use: (storage: Storage) => T): T | undefined => {
  try {
    return use(localStorage);
  } catch {
    return undefined;
  }
};

export const onDisk = (key: string): boolean => disk((storage) => storage.getItem(key)) != null;

export const read = (key: string): string | undefined => disk((storage) => storage.getItem(key)) ?? memory.get(key);

/** Writes to the disk alone. A disk that is full must not keep the older value, which would win over the memory. */
export const writeToDisk = (key: string, value: string): void => {
  disk((storage) => (storage.setItem(key, value), true)) || disk((storage) => storage.removeItem(key));
};

export const write = (key: string, value: string): void => {
  memory.set(key, value);
  writeToDisk(key, value);
};

export const forget = (key: string): void => void memory.delete(key);

export const remove = (key: string): void => {
  forget(key);
  disk((storage) => storage.removeItem(key));
};

/** In the order of the keys. */
export const keysUnder = (prefix: string): string[] =>
  [...new Set([...(disk(Object.keys) || []), ...memory.keys()])].filter((key) => key.startsWith(prefix)).sort();

/**
 * Follows the other tabs: what one removed (sent, withdrawn) is gone here too.
 * A page that clears its whole storage names no key; its unsent events live on in memory.
 * `grown`: one wrote. Tabs hear of each other late, so that what each of them found room for may be too much together.
 */
export const followOtherTabs = (grown: () => void): void =>
  on(window, "storage", ({ key, newValue }: StorageEvent) => key && (newValue == null ? forget(key) : grown()));
