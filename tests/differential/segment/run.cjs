// One event a line in; what is sent for it out, a line each: {"actions": [...], "requests": [...]} and, if it was
// refused, "error".
"use strict";

const { destination, settings } = require("./mapping.cjs");

async function main() {
  let kept = [];
  const made = destination((request) => kept.push(request));
  const chosen = settings();
  const lines = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean);
  for (const line of lines) {
    kept = [];
    const error = await made.onEvent(JSON.parse(line), chosen).then(() => undefined, (refused) => refused.message);
    const requests = kept.map(({ url, method, headers, body }) => ({ url, method, headers, body: JSON.parse(body) }));
    process.stdout.write(`${JSON.stringify({ actions: kept.map(({ action }) => action), requests, error })}\n`);
  }
}

main();
