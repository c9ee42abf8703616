// The Insider destination that Segment publishes, run by Segment's own engine as it runs in Segment's cloud. Only the
// client that would send its requests is replaced: it keeps them, so nothing leaves this process.
"use strict";

const { Destination, defaultValues } = require("@segment/actions-core");
const insider = require("@segment/action-destinations/dist/destinations/insider").default;

const SETTINGS = { account_name: "myco", ucd_key: "xxxxxxxxxxxxxxxxxxxx" };
const ANY_TRACK = "trackEvent";

// Published as a preset is identify alone. Every other action is subscribed here as its own text proposes; the one for
// any track takes only what no other takes, or standard events would be sent twice.
function subscriptions() {
  const own = Object.entries(insider.actions).filter(([slug]) => slug !== ANY_TRACK);
  const names = own.flatMap(([, action]) => [...action.defaultSubscription.matchAll(/event = ("[^"]*")/g)]);
  const others = names.map(([, name]) => ` and event != ${name}`).join("");
  const any = insider.actions[ANY_TRACK];
  return [
    ...own.map(([slug, action]) => subscription(slug, action, action.defaultSubscription)),
    subscription(ANY_TRACK, any, any.defaultSubscription + others),
  ];
}

function subscription(slug, action, subscribe) {
  return { name: slug, enabled: true, partnerAction: slug, subscribe, mapping: defaultValues(action.fields) };
}

// `keep` is called with every request: { action, url, method, headers, body, count }; the body is JSON text of `count`
// users.
function destination(keep) {
  const made = new Destination(insider);
  for (const [slug, action] of Object.entries(made.actions)) {
    action.createRequestClient = (data) => {
      const { headers } = action.extendRequest(data);
      return async (url, { method, json }) => {
        const body = JSON.stringify(json);
        keep({ action: slug, url, method: method.toUpperCase(), headers, body, count: json.users.length });
        return {};
      };
    };
  }
  return made;
}

const settings = () => ({ ...SETTINGS, subscriptions: subscriptions() });

module.exports = { destination, settings, presets: insider.presets };
