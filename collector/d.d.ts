/** What a page finds as `window.datafly` and `window._df` once d.js is loaded. No call ever throws. */

export type Properties = Record<string, unknown>;

/** Category → granted. Anything but `true` is a refusal. */
export type Categories = Record<string, boolean>;

export interface Datafly {
  /** Of d.js; absent until it is loaded. */
  version?: string;
  /** A page view. Without arguments it describes the page that is shown. */
  page(name?: string, properties?: Properties): void;
  page(properties: Properties): void;
  /** Something that the visitor did. */
  track(event: string, properties?: Properties): void;
  /** Says who the visitor is; what follows on this page carries the user id. */
  identify(userId: string, traits?: Properties): void;
  /** Traits of a visitor whose user id is not known. */
  identify(traits: Properties): void;
  /** Says which group (company, household) the visitor belongs to; what follows on this page carries its id. */
  group(groupId: string, traits?: Properties): void;
  /** Adds to what the visitor consented to or refused; sent at once, remembered, stamped on what follows. */
  consent(categories: Categories): void;
  /** Forgets the visitor in this browser: user, group, traits, consent and the server's anonymous id. */
  reset(): void;
  /** Sends what waits, without waiting for the batch to fill. */
  flush(): void;
  /** Runs the function when d.js is loaded and the calls made before it have been replayed. */
  ready(run: () => void): void;
}

declare global {
  interface Window {
    datafly: Datafly;
    _df: Datafly;
  }
  const datafly: Datafly;
  const _df: Datafly;
}
