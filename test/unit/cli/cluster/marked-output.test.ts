import { MarkedOutput } from "../../../../lib/cli/cluster/marked-output";

const NOISE = ["", "Starting session with SessionId: me-0123", "SessionId: me-0123 : something"];
const END = ["", "", "Exiting session with sessionId: me-0123.", ""];

function taken(lines: readonly string[], keptLines?: number) {
  const seen: string[] = [];
  const marked = new MarkedOutput("m1", (line) => seen.push(line), keptLines);
  lines.forEach((line) => {
    marked.take(line);
  });
  return { exitCode: marked.exitCode, lines: marked.lines, seen };
}

test.each<[string, readonly string[], number | undefined, readonly string[]]>([
  ["a program that prints", [...NOISE, "m1", "a", "b", "", "m1 0", ...END], 0, ["a", "b"]],
  ["one that prints nothing", [...NOISE, "m1", "", "m1 0", ...END], 0, []],
  ["one that fails", [...NOISE, "m1", "why", "", "m1 7", ...END], 7, ["why"]],
  ["empty lines of its own", ["m1", "", "a", "", "", "b", "", "m1 0"], 0, ["", "a", "", "", "b"]],
  ["a terminal's ends of lines", [...NOISE, "m1\r", "a\r", "\r", "m1 3\r"], 3, ["a"]],
  ["a line that only looks like a mark", ["m1", "m10 0", "m1", "", "m1 0"], 0, ["m10 0", "m1"]],
  ["no first mark", [...NOISE, "a", "", ...END], undefined, []],
  ["no second mark", ["m1", "a"], undefined, ["a"]],
  ["what comes after the end", ["m1", "a", "", "m1 0", "m1", "b"], 0, ["a"]],
])("%s", (_, printed, exitCode, lines) => {
  expect(taken(printed)).toEqual({ exitCode, lines, seen: lines });
});

test("of what runs without end only the last lines are kept, and all are given", () => {
  expect(taken(["m1", "a", "b", "c"], 2)).toEqual({
    exitCode: undefined,
    lines: ["b", "c"],
    seen: ["a", "b", "c"],
  });
});
