// Makes every call by Segment's Node SDK, and ends as its documentation says: segment_node.cjs URL KEY CALLS MODE.
const { Analytics } = require("@segment/analytics-node");

const [url, key, calls] = process.argv.slice(2);
const analytics = new Analytics({ writeKey: key, host: url });
analytics.on("error", (error) => {
  throw new Error(`${error.code}: ${error.reason}`);
});
for (const { type, timestamp, ...call } of JSON.parse(calls)) {
  analytics[type]({ ...call, timestamp: new Date(timestamp) });
}
analytics.closeAndFlush();
