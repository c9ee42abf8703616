// Events from the file named first, JSON lines; then a way a line on stdin ("one" or "batch"), events a second on stdout.
"use strict";

const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { destination, settings } = require("./mapping.cjs");

const BATCH = Number(process.argv[3]);
const lines = readFileSync(process.argv[2]).toString().split("\n").filter(Boolean).map((line) => Buffer.from(line));
let users = 0;
let bytes = 0;
const made = destination(({ body, count }) => {
  users += count;
  bytes += Buffer.from(body).length;
});
const chosen = settings();

const ways = {
  async one() {
    for (const line of lines) await made.onEvent(JSON.parse(line.toString()), chosen);
  },
  async batch() {
    for (let at = 0; at < lines.length; at += BATCH) {
      await made.onBatch(lines.slice(at, at + BATCH).map((line) => JSON.parse(line.toString())), chosen);
    }
  },
};

async function main() {
  for await (const way of createInterface({ input: process.stdin })) {
    users = bytes = 0;
    const began = process.hrtime.bigint();
    await ways[way]();
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    if (users !== lines.length) throw new Error(`${lines.length} events, but ${users} users were sent`);
    process.stdout.write(`${JSON.stringify({ events_per_second: lines.length / seconds, bytes })}\n`);
  }
}

main();
