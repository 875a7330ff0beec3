import { nodeTable } from "../../../../tools/demo/node-table";
import type { LocalStack } from "../../../../tools/demo/synthesized-stack";
import { table } from "../../../../lib/cli/base/table";
import { FakePrograms } from "../../../support/fake-programs";

const STATE = {
  node: "npu-0",
  state: "serving",
  members: [
    { name: "npu-0", address: "10.89.28.10", accelerators: 8, planned: 8, verdict: "member with 8 NPU" },
    { name: "npu-1", address: null, accelerators: 6, planned: 8, verdict: "joined with 6 of 8" },
  ],
};

describe("nodeTable", () => {
  const stack = { head: "local-npu-0" } as LocalStack;
  let host: FakePrograms;
  afterEach(() => {
    host.restore();
  });

  it("asks the head and shows every node", async () => {
    host = new FakePrograms({ docker: [`exec*|0|${JSON.stringify(STATE)}`] });
    expect(await nodeTable(stack)).toBe(
      [
        "NODE   ROLE    ADDRESS      ACCELERATORS  STATE",
        "npu-0  head    10.89.28.10  8 of 8        serving",
        "npu-1  worker  -            6 of 8        joined with 6 of 8",
      ].join("\n"),
    );
    expect(host.calls()).toEqual(["docker exec local-npu-0 python3 -m ray_node status --json"]);
  });

  it("fails if the head does not report its state", async () => {
    host = new FakePrograms({ docker: ["exec*|1|No such container"] });
    await expect(nodeTable(stack)).rejects.toThrow(/does not report its state.*\n +No such container/);
  });
});

it("table aligns columns and leaves no blanks at the end", () => {
  expect(
    table([
      ["A", "B"],
      ["long", ""],
      ["", "x"],
    ]),
  ).toBe("A     B\nlong\n      x");
});
