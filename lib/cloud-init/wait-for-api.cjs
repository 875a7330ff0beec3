// Asks a cluster for a completion until it comes: exit code 0, or 1 after the deadline. Values come by the environment:
//
//   CLUSTER, HEAD        names for messages
//   API_URL              base URL of the engine's API
//   COMPLETION           { path, body, mustContain } as the plan has it
//   COMPLETION_SECONDS   for one answer
//   TIMEOUT_SECONDS      for all of it
//   PAUSE_SECONDS        between two attempts (2)
//   LINE_SECONDS         after which a line is said again (15)
"use strict";

const { CLUSTER, HEAD, API_URL, PAUSE_SECONDS = "2", LINE_SECONDS = "15" } = process.env;
const { path, body, mustContain } = JSON.parse(process.env.COMPLETION);
const COMPLETION_SECONDS = Number(process.env.COMPLETION_SECONDS);
const TIMEOUT_SECONDS = Number(process.env.TIMEOUT_SECONDS);
const URL_OF_COMPLETION = `${API_URL.replace(/\/+$/, "")}${path}`;

const started = Date.now();
const elapsed = () => (Date.now() - started) / 1000;

async function main() {
  let said = "";
  let saidAt = 0;
  for (;;) {
    const { text, problem } = await attempt();
    if (text !== undefined) {
      console.log(
        `cluster '${CLUSTER}' is serving after ${elapsed().toFixed(0)} s at ${API_URL}\n  completion: ${text}`,
      );
      return 0;
    }
    if (elapsed() >= TIMEOUT_SECONDS) {
      console.log(failure(problem));
      return 1;
    }
    if (problem !== said || elapsed() - saidAt >= Number(LINE_SECONDS)) {
      console.log(`[${elapsed().toFixed(0).padStart(4)} s of ${TIMEOUT_SECONDS} s] ${problem}`);
      [said, saidAt] = [problem, elapsed()];
    }
    await new Promise((resolve) => setTimeout(resolve, Number(PAUSE_SECONDS) * 1000));
  }
}

/** The text of a completion, or why there is none. */
async function attempt() {
  const seconds = Math.min(COMPLETION_SECONDS, Math.max(1, TIMEOUT_SECONDS - elapsed()));
  try {
    const { status, answer } = await post(JSON.stringify(body), seconds);
    return status === 200 ? judge(answer) : { problem: `it answers HTTP ${status}: ${short(answer)}` };
  } catch (error) {
    return { problem: `no answer from ${API_URL}: ${error.code ?? error.message}` };
  }
}

/** Not by `fetch`: it knows ports that it asks nothing of. */
function post(text, seconds) {
  const { request } = URL_OF_COMPLETION.startsWith("https:") ? require("node:https") : require("node:http");
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  const signal = AbortSignal.timeout(seconds * 1000);
  return new Promise((resolve, reject) => {
    const asked = request(URL_OF_COMPLETION, { method: "POST", headers, signal }, (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (answer += part));
      response.on("end", () => resolve({ status: response.statusCode, answer }));
      response.on("error", reject);
    });
    asked.on("error", (error) =>
      reject(
        signal.aborted
          ? new Error(`it takes connections and says nothing for ${seconds.toFixed(0)} s`)
          : error,
      ),
    );
    asked.end(text);
  });
}

function judge(answer) {
  let text;
  try {
    const choice = JSON.parse(answer).choices[0];
    text = choice.message === undefined ? choice.text : choice.message.content;
  } catch {
    text = undefined;
  }
  if (typeof text !== "string" || text.trim() === "") {
    return { problem: `the answer is no completion: ${short(answer)}` };
  }
  return typeof mustContain !== "string" || text.includes(mustContain)
    ? { text }
    : { problem: `the completion must contain '${mustContain}', it says '${short(text)}'` };
}

/** From here nobody can look into the machines: say where to. */
function failure(problem) {
  return [
    `cluster '${CLUSTER}' is not serving: ${problem} (after ${elapsed().toFixed(0)} s)`,
    `  asked: ${URL_OF_COMPLETION}`,
    `  what the cluster itself says, on the machine of ${HEAD}: docker exec ray-cluster python3 -m ray_node status`,
    "  a machine whose container does not run says why in /run/ray-cluster/failure",
  ].join("\n");
}

function short(text) {
  const line = text.split(/\s+/).join(" ").trim();
  return line.length <= 200 ? line : `${line.slice(0, 197)}...`;
}

main().then((code) => {
  process.exitCode = code;
});
