import type { Answer } from "../../../../lib/cli/cluster/ask";
import { dockerError } from "../../../../lib/cli/cluster/ask";
import { culpritFirst, seenNode } from "../../../../lib/cli/cluster/node-state";
import { statusText } from "../../../../lib/cli/cluster/status";
import { node, stateText } from "./support";

const answer = (change: Partial<Answer>): Answer => ({
  exitCode: 0,
  stdout: "",
  stderr: "",
  failure: undefined,
  ...change,
});

test.each<[string, Partial<Answer>, string | undefined, string | undefined]>([
  ["a healthy node", { stdout: stateText() }, "serving", undefined],
  [
    "an unhealthy node",
    {
      exitCode: 1,
      stdout: stateText({ state: "failed", healthy: false, unhealthyBecause: "the head is failed" }),
    },
    "failed",
    "the head is failed",
  ],
  [
    "a node that is not reached",
    { exitCode: undefined, failure: "no answer within 30 s" },
    undefined,
    "no answer within 30 s",
  ],
  [
    "a node program that has not started",
    { exitCode: 1, stdout: "no state file at /x" },
    undefined,
    "no state file at /x",
  ],
  ["a program that fails", { exitCode: 1, stderr: "Traceback\nImportError: x" }, undefined, "ImportError: x"],
  ["a program that says nothing", {}, undefined, "its node program says nothing"],
])("%s", (_, change, state, trouble) => {
  const seen = seenNode(node("npu-0", true), answer(change));
  expect([seen.state?.state, seen.trouble]).toEqual([state, trouble]);
});

test("the culprit comes first, then who is not well, then the others in their order", () => {
  const seen = ["a", "b", "c", "d", "e"].map((name) => ({
    node: node(name),
    state: undefined,
    trouble: ["b", "d"].includes(name) ? "ill" : undefined,
  }));
  const order = (culprit?: string) =>
    culpritFirst(seen, culprit)
      .map((one) => one.node.name)
      .join("");
  expect([order("e"), order("d"), order()]).toEqual(["ebdac", "dbace", "bdace"]);
});

test("what Docker says in place of a program is told from what the program says", () => {
  expect(dockerError("Error response from daemon: No such container: c1-npu-0\n")).toBe(
    "No such container: c1-npu-0",
  );
  expect(dockerError("Error response from daemon: container 0f0f is not running")).toBe(
    "container 0f0f is not running",
  );
  expect(dockerError("Cannot connect to the Docker daemon at unix:///x. Is it running?")).toMatch(
    /^Cannot connect to/,
  );
  expect(dockerError("Traceback (most recent call last):\nValueError: x")).toBeUndefined();
});

test("a status for a person names the culprit before the table", () => {
  const head = node("npu-0", true);
  const worker = { ...node("npu-1"), called: "npu-1 on atlas-2 (ssh://root@10.0.0.2:22)" };
  const culprit = { name: "npu-1", address: "10.89.28.11", reason: "6 of 8 accelerators" };
  const state = JSON.parse(
    stateText({
      ...{
        state: "degraded",
        reason: "npu-1 was lost",
        culprit,
        healthy: false,
        since: "2026-11-29T00:48:00Z",
      },
      waitingFor: { what: "waiting for npu-1", deadline: "2026-11-29T01:30:00Z" },
      warnings: ["the clock is off"],
    }),
  );
  const seen = [
    { node: worker, state: undefined, trouble: "container c1-npu-1 is not running" },
    { node: head, state, trouble: "the head is degraded" },
  ];
  const cluster = { name: "c1", apiPort: 8000, dashboardPort: null, nodes: [head, worker], stackFolder: "" };
  expect(statusText({ cluster, nodes: seen, culprit }, new Date("2026-11-29T01:00:30Z"))).toBe(
    [
      "cluster c1: degraded for 12 min; 0 of 2 nodes healthy",
      "  culprit   npu-1 (10.89.28.11): 6 of 8 accelerators",
      "  reason    npu-1 was lost",
      "  progress  waiting for npu-1 (until 2026-11-29T01:30:00Z)",
      "  endpoint  http://10.89.28.10:8000",
      "  warning   the clock is off",
      "",
      "NODE                                       ROLE    ADDRESS      STATE     FOR     HEALTH",
      "npu-1 on atlas-2 (ssh://root@10.0.0.2:22)  worker  -            -         -       container c1-npu-1 is not running",
      "npu-0                                      head    10.89.28.10  degraded  12 min  the head is degraded",
    ]
      .join("\n")
      .replace(
        "NODE                                      ROLE",
        "NODE                                       ROLE",
      ),
  );
});
