/** The automatic page event: owed at load and after each navigation within the page, paid once. */

import { address } from "./context.ts";
import { guarded, on } from "./guard.ts";
import { autoPage } from "./settings.ts";

let owed = false;
let send: () => void;

let shown = address(location.href);

/** The page sent its own event for the view: nothing is owed. */
export const settled = (): void => {
  owed = false;
};

/** Sends the page event that is owed; called before whatever belongs to the page. */
export const settle = (): void => {
  if (owed) send();
};

/** A turn later, so that the page's title and its own calls come first. */
const navigated = guarded(() => {
  if (shown != (shown = address(location.href))) {
    owed = true;
    setTimeout(guarded(settle));
  }
});

/** A page may have locked its history. */
const watch = guarded((method: "pushState" | "replaceState") => {
  const original = history[method];
  history[method] = function (this: History, ...args) {
    original.apply(this, args);
    navigated();
  };
});

export const watchPages = (sendPage: () => void, alreadySent: boolean): void => {
  send = sendPage;
  if (!autoPage) return;
  owed = !alreadySent;
  watch("pushState");
  watch("replaceState");
  on(window, "popstate", navigated);
  on(window, "pageshow", ({ persisted }: PageTransitionEvent) => persisted && send());
  on(window, "pagehide", settle);
};

/** The title may not have been parsed yet, and inline calls that follow the tag come first. */
export const settleWhenParsed = (): void => {
  if (document.readyState == "loading") on(document, "DOMContentLoaded", settle);
  else settle();
};
