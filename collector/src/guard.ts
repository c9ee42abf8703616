/** Keeps every fault of the collector, and of what it is given, out of the page. */

const said: Record<string, unknown> = {};

/** Tells the developer once for each sentence: a fault in a loop must not flood the console. */
export const warn = (sentence: string, detail: unknown = ""): undefined => {
  if (said[sentence]) return;
  said[sentence] = 1;
  try {
    console.warn("[datafly] " + sentence, detail);
  } catch {} // pages replace the console, too
};

export const guarded =
  <Args extends unknown[]>(run: (...args: Args) => unknown) =>
  (...args: Args): void => {
    try {
      run(...args);
    } catch (fault) {
      warn("call failed", fault);
    }
  };

export const on = guarded((target: EventTarget, type: string, run: (event: never) => unknown) =>
  target.addEventListener(type, guarded(run) as EventListener),
);
