/** What a node may say of itself when somebody else has it: it must not hide the others, nor reach a terminal. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { print, printError } from "../../../../lib/cli/base/print";
import { Progress } from "../../../../lib/cli/base/progress";
import { doctor } from "../../../../lib/cli/cluster/doctor";
import { logs } from "../../../../lib/cli/cluster/logs";
import { seenNode } from "../../../../lib/cli/cluster/node-state";
import { status } from "../../../../lib/cli/cluster/status";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";
import { LOCAL, node, outputOf, stateText } from "./support";

const program = (name: string) =>
  execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
const TOOLS = { tar: program("tar"), gzip: program("gzip") };
const output = outputOf("app", LOCAL);
const choice = { stack: "app", output };
/** The title of a window, a cleared screen, a carriage return, an 8-bit control and a reversed text. */
const ESCAPES = "\u001b]0;owned\u0007\u001b[2J\rall is well \u009b2J\u202egnp";
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;

let fakes: FakePrograms | undefined;
let printed: string;
const spies = [process.stdout, process.stderr].map((stream) => jest.spyOn(stream, "write"));

beforeEach(() => {
  printed = "";
  for (const spy of spies) {
    spy.mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});
afterEach(() => {
  fakes?.restore();
  fakes = undefined;
});
afterAll(() => {
  spies.forEach((spy) => {
    spy.mockRestore();
  });
  rmSync(output, { recursive: true });
});

/** What the second of two nodes answers; its backslashes survive the stand-in. */
function says(answer: string, ...more: readonly Answer[]): void {
  const echoed = answer.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  fakes = new FakePrograms(
    {
      docker: [
        `exec c1-npu-0 *status --json|0|${stateText()}`,
        `exec c1-npu-1 *status --json|0|${echoed}`,
        ...more,
      ],
    },
    TOOLS,
  );
}

const deep = "[".repeat(100_000) + "]".repeat(100_000);

test.each<[string, string]>([
  ["nothing", "null"],
  ["a number", "1e999"],
  ["a list", "[]"],
  ["another type for each", JSON.stringify({ state: {}, since: 1, healthy: "yes", warnings: "none" })],
  ["a reason that is a list", stateText({ reason: ["a"] as never })],
  ["warnings that are objects", stateText({ warnings: [{}] as never })],
  ["a culprit without a name", stateText({ culprit: {} as never })],
  ["a state of great depth", `{"state":${deep}}`],
])("status of a node that says %s is that of the others, and names the node", async (_, answer) => {
  says(answer);
  expect(await status(choice, {}, print)).toBe(false);
  expect(printed).toMatch(/^cluster c1: serving for .*; 1 of 2 nodes healthy\n/);
  expect(printed).toMatch(/^npu-1 +worker +- +- +- +\S/m);
});

test("status of a node that forges lines and rows shows them as its own words", async () => {
  const forged = `lost\nnpu-2  worker  10.0.0.9  serving  1 s  healthy${ESCAPES}`;
  says(stateText({ node: "npu-1", role: "worker", healthy: false, unhealthyBecause: forged }));
  expect(await status(choice, {}, print)).toBe(false);
  expect(printed).not.toMatch(/^npu-2/m);
  expect(printed).not.toMatch(OBEYED);
  expect(printed.split("\n").filter((line) => line.startsWith("npu-"))).toHaveLength(2);
});

test("the state of a node as data has no escapes either", async () => {
  says(stateText({ node: "npu-1", reason: ESCAPES, healthy: true }));
  await status(choice, { json: true }, print);
  expect(JSON.parse(printed)).toHaveLength(1);
  expect(printed).not.toMatch(/\\u001b|\\u0007/);
  expect(printed).not.toMatch(OBEYED);
});

test("logs with escapes are lines after the name of their node", async () => {
  says(stateText({ node: "npu-1" }), "logs * c1-npu-0|0|a", `logs * c1-npu-1|0|\\033[2Jb\\rc\\007`);
  await logs(choice, {}, print, new AbortController().signal);
  expect(printed).toContain("npu-1 |  [2Jb");
  expect(printed).not.toMatch(OBEYED);
});

test("progress and errors print no escapes", () => {
  new Progress().say(`a machine: ${ESCAPES}`);
  printError(`error: ${ESCAPES}\n\tnext\n`);
  expect(printed).not.toMatch(OBEYED);
  expect(printed).toContain("\n\tnext\n");
});

test("words in place of a state are cut", () => {
  const answer = { exitCode: 1, stdout: "x".repeat(9_000_000), stderr: "", failure: undefined };
  expect(seenNode(node("npu-1"), answer).trouble).toHaveLength(500);
});

test("doctor writes an archive whatever names a node gives its texts", async () => {
  const names = [
    ...["a", "a/b", "a", "..", "/", "", "../../etc/passwd", "status.txt/x", `${"d/".repeat(5000)}e`],
    ...["x".repeat(5000), "node.log/y", "\u0000", "c\u001b[2J"],
  ];
  const texts = names.map((name, index) => JSON.stringify({ name, text: `text ${index}` }));
  const many = Array.from({ length: 600 }, (_, index) => JSON.stringify({ name: `many/${index}`, text: "" }));
  const collected = [...texts, "null", "[1]", '{"name":1}', deep, ...many].join("\\n");
  says(
    stateText({ node: "npu-1" }),
    ...["exec c1-npu-0 *collect|0|" as const, "logs *|0|a line" as const, "inspect *|0|{}" as const],
    `exec c1-npu-1 *collect|0|${collected.replaceAll("\\u", "\\\\u")}`,
  );
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-lying-"));
  const archive = join(folder, "help.tar.gz");
  try {
    expect(await doctor(choice, { file: archive }, recorded().progress)).toBe(archive);
    fakes?.restore();
    const listed = execFileSync(TOOLS.tar, ["-tzf", archive], { encoding: "utf8" }).split("\n");
    const files = listed.filter((name) => /[^/]$/.test(name));
    expect(files.every((name) => name.startsWith("help/"))).toBe(true);
    expect(files.join("\n")).not.toContain("..");
    expect(files).toEqual(expect.arrayContaining(["help/c1/status.txt", "help/c1/npu-0/node.log"]));
    // All of them but those that are no texts, up to the bound.
    expect(files.length).toBeGreaterThan(names.length);
    expect(files.length).toBeLessThan(520);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
