/** The circumstances of an event, as the browser tells them. */

export type Fields = Record<string, unknown>;

declare const VERSION: string;

export const version = VERSION;

/** Once: it costs a millisecond. */
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

let referrer = document.referrer;
let shown = location.href;

/** A fragment is a place on the page, unless a router uses it (`#/cart`, `#!cart`). */
export const address = (href: string): string => href.replace(/#(?![/!]).*/, "");

/** After a navigation within the page the referrer is the address before it, as after a load. */
const page = (): Fields => {
  const { href, pathname, search } = location;
  if (address(href) != address(shown)) referrer = shown;
  shown = href;
  return { url: href, path: pathname, referrer, title: document.title, search };
};

const campaign = (): Fields | undefined => {
  const found: Fields = {};
  new URLSearchParams(location.search).forEach((value, name) => {
    const key = /^utm_(source|medium|campaign|term|content)$/.exec(name)?.[1];
    if (key) found[key == "campaign" ? "name" : key] = value;
  });
  return Object.keys(found)[0] ? found : undefined;
};

export const circumstances = () => ({
  page: page(),
  campaign: campaign(),
  locale: navigator.language,
  timezone: timeZone,
  userAgent: navigator.userAgent,
  screen: { width: screen.width, height: screen.height },
  library: { name: "@datafly/collector", version },
});
