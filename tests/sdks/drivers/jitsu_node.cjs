// Makes every call by Jitsu's SDK on Node: jitsu_node.cjs URL KEY CALLS MODE. Its key must have a colon in it.
const { jitsuAnalytics } = require("@jitsu/js");

const [url, key, calls, mode] = process.argv.slice(2);
const analytics = jitsuAnalytics({ host: url, writeKey: `${key}:x`, s2s: mode === "short" });

async function make({ type, userId, anonymousId, groupId, event, name, category, properties, traits, context }) {
  const said = { ...properties, context };
  analytics.setAnonymousId(anonymousId);
  if (type === "identify") return analytics.identify(userId, traits, { context });
  if (type === "track") return analytics.track(event, said);
  if (type === "page") return analytics.page({ ...said, name, category });
  return analytics.group(groupId, traits, { context });
}

(async () => {
  for (const call of JSON.parse(calls)) await make(call);
})();
