import { join } from "node:path";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { COLOURS, FONT } from "./dot";

/** Loading takes a tenth of a second, 64 nodes a few milliseconds. */
const TIMEOUT_MS = 30_000;

const answered = new SharedArrayBuffer(4);
const drawn = new Map<string, string>();
let worker: Worker | undefined;

/**
 * Lays out a picture with Graphviz, which is loaded with the first one.
 *
 * @param dot the picture in Graphviz's language
 * @returns SVG for light and dark pages
 * @throws Error with Graphviz's message
 */
export function svgOf(dot: string): string {
  const svg = drawn.get(dot) ?? darkened(laidOut(dot));
  drawn.set(dot, svg);
  return svg;
}

function laidOut(dot: string): string {
  if (worker === undefined) {
    worker = new Worker(join(__dirname, "layout-worker.cjs"), { workerData: { answered }, execArgv: [] });
    worker.unref();
  }
  const { port1, port2 } = new MessageChannel();
  const flag = new Int32Array(answered);
  Atomics.store(flag, 0, 0);
  worker.postMessage({ dot, port: port2 }, [port2]);
  Atomics.wait(flag, 0, 0, TIMEOUT_MS);
  const { message } = (receiveMessageOnPort(port1) ?? {}) as { message?: { svg?: string; error?: string } };
  port1.close();
  if (message?.svg === undefined) {
    throw new Error(`Graphviz did not lay out the picture of the review: ${message?.error ?? "no answer"}`);
  }
  return message.svg;
}

const DARK: { readonly [name in keyof typeof COLOURS]: string } = {
  text: "#f0f6fc",
  line: "#9198a1",
  paper: "#0d1117",
  node: "#151b23",
  head: "#0c2d6b",
};

/** As wide as Courier on every machine, so that what Graphviz has measured fits where it is shown. */
const FONTS = "Courier New,Courier,Menlo,Consolas,DejaVu Sans Mono,Liberation Mono,monospace";

/** Graphviz knows one colour for each thing; a style sheet replaces them where the page is dark. */
function darkened(svg: string): string {
  const rules = (Object.keys(COLOURS) as (keyof typeof COLOURS)[]).flatMap((name) =>
    ["fill", "stroke"].map((kind) => `[${kind}="${COLOURS[name]}"]{${kind}:${DARK[name]}}`),
  );
  return svg
    .replaceAll(`font-family="${FONT},monospace"`, `font-family="${FONTS}"`)
    .replace(/<g /, `<style>@media (prefers-color-scheme: dark){${rules.join("")}}</style>\n<g `);
}
