/** What the script tag says, or else what the gateway wrote into the script for its pipeline (`BUILT`, under the same
 * names). Read while the script runs: `currentScript` is gone afterwards. */

declare const BUILT: Record<string, string>;

const tag = (document.currentScript || document.querySelector("script[data-pipeline-key]")) as HTMLScriptElement | null;

const attribute = (name: string): string => tag?.getAttribute("data-" + name) || BUILT[name] || "";

const endpoint = attribute("endpoint") || (tag?.src ? new URL(tag.src).origin : location.origin);

export const pipelineKey = attribute("pipeline-key");
export const batchUrl = endpoint.replace(/\/$/, "") + "/v1/batch?wk=" + encodeURIComponent(pipelineKey);
export const batchSize = Math.min(Math.max(+attribute("batch-size") || 10, 1), 500);
export const flushIntervalMs = +attribute("flush-interval") || 1000;
export const autoPage = attribute("auto-page") != "false";
export const globalName = attribute("global") || "_df";
export const debug = attribute("debug") == "true";
