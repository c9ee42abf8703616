// Makes every call by RudderStack's Node SDK, and ends as its documentation says: rudder_node.cjs URL KEY CALLS MODE.
const Analytics = require("@rudderstack/rudder-sdk-node");

const [url, key, calls, mode] = process.argv.slice(2);
const analytics = new Analytics(key, { dataPlaneUrl: url, logLevel: "silly", gzip: mode !== "short" });
for (const { type, timestamp, ...call } of JSON.parse(calls)) {
  analytics[type]({ ...call, timestamp: new Date(timestamp) });
}
analytics.flush();
