"use strict";
// Graphviz loads asynchronously and a synth is not: it waits for this thread.
const { parentPort, workerData } = require("node:worker_threads");

const graphviz = require("@viz-js/viz").instance();
const answered = new Int32Array(workerData.answered);

parentPort.on("message", async ({ dot, port }) => {
  let answer;
  try {
    answer = { svg: (await graphviz).renderString(dot, { format: "svg" }) };
  } catch (error) {
    answer = { error: String(error && error.message) };
  }
  port.postMessage(answer);
  port.close();
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
});
