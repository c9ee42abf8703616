"""What an import costs: rows of a file, posted by `datafly import` to a loopback gateway that takes everything at once.

    python bench/backfill.py
    python bench/backfill.py --rows 20000

CSV by a mapping, raw events of Segment as NDJSON, and Parquet by the same mapping as CSV. Memory: the peak of the
process that imports. The gateway is a bare server, so that it is the import that is measured.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
MAPPING = """
mappings:
  event: {value: Product Viewed}
  messageId: id
  userId: customer
  timestamp: {column: seen_at, type: timestamp}
  properties.product_id: sku
  properties.price: {column: price, type: number}
  properties.currency: {value: GBP}
  properties.name: name
  context.consent.marketing: {value: true}
"""
ROWS = """
SELECT 'm-' || range AS id, 'user-' || (range % 5000) AS customer, 'SKU-' || (range % 300) AS sku,
    TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * range AS seen_at, (range % 1000) / 10.0 AS price,
    'A mug of some colour, number ' || range AS name
FROM range({rows})
"""
RAW = """
SELECT 'track' AS type, 'Product Viewed' AS event, id AS "messageId", customer AS "userId",
    strftime(seen_at, '%Y-%m-%dT%H:%M:%SZ') AS timestamp,
    {{'product_id': sku, 'price': price, 'name': name}} AS properties,
    {{'page': {{'url': 'https://shop.example/' || sku}}, 'ip': '192.0.2.1'}} AS context
FROM ({rows})
"""


class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", self.buffer[:end])[1]) if end >= 0 else 0
        if end >= 0 and len(self.buffer) >= end + 4 + length:
            said = b'{"success":true,"accepted":%d}' % self.buffer.count(b'"messageId"')
            self.buffer = b""
            self.transport.write(ANSWER % (len(said), said))


async def serve_sink(port):
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def write_files(folder, rows):
    (folder / "mapping.yaml").write_text(MAPPING)
    select = ROWS.format(rows=rows)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({select}) TO '{folder}/rows.csv' (FORMAT csv)")
        connection.execute(f"COPY ({select}) TO '{folder}/rows.parquet' (FORMAT parquet)")
        connection.execute(f"COPY ({RAW.format(rows=select)}) TO '{folder}/raw.ndjson' (FORMAT json)")


def measure(folder, port, *words):
    target = ["--url", f"http://127.0.0.1:{port}", "--key", "bench", "--ahead", "0"]
    command = [sys.executable, "-m", "datafly", "import", *words, *target, "--json"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told, said = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    assert status == 0, said
    accepted = json.loads(told)["counts"]["accepted"]
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return {"rows": accepted, "rows_per_second": round(accepted / took), "peak_mb": round(peak)}


def wait_for(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--serve-sink", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_sink:
        asyncio.run(serve_sink(options.serve_sink))
        return
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    sink = subprocess.Popen([sys.executable, __file__, "--serve-sink", str(port)])
    figures = {}
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_files(folder, options.rows)
            wait_for(port)
            figures["csv"] = measure(folder, port, "rows.csv", "--map", "mapping.yaml")
            figures["ndjson"] = measure(folder, port, "raw.ndjson")
            figures["parquet"] = measure(folder, port, "rows.parquet", "--map", "mapping.yaml")
    finally:
        sink.kill()
        sink.wait(20)
    for name, one in figures.items():
        print(f"{name:<10}{one['rows_per_second']:>8,} rows/s, at most {one['peak_mb']} MB")
    print(json.dumps({"bench": "backfill", **figures}))


if __name__ == "__main__":
    main()
