// Builds d.js into the Python package. `--out FILE` writes elsewhere (the tests compare).
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const out = process.argv.indexOf("--out");

await build({
  entryPoints: [join(here, "src/main.ts")],
  absWorkingDir: here,
  outfile: out > 0 ? process.argv[out + 1] : join(here, "../src/datafly/ingest/assets/d.js"),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
  define: { VERSION: JSON.stringify(version) },
  // The gateway puts the options of a pipeline in place of the braces.
  // What fails while it loads (a page may have replaced anything) must not reach the page either.
  banner: { js: "// Generated from collector/src by `npm run build`; do not edit.\ntry{const BUILT={};" },
  footer: { js: "}catch{}" },
});
