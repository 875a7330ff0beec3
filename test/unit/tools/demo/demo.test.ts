import { plain } from "../../../../tools/demo/cdktf";
import { culprit, milestoneOf } from "../../../../tools/demo/demo";

describe("plain", () => {
  it.each([
    ["\u001b[2K\u001b[1A\u001b[Glocal-2x8  docker_volume.x: Creating...", "docker_volume.x: Creating..."],
    ["\u001b[32mlocal-2x8 \u001b[0m Plan: 6 to add", "Plan: 6 to add"],
    ["            indented", "indented"],
    ["local-2x8-npu-0", "local-2x8-npu-0"],
  ])("%j", (line, text) => {
    expect(plain(line, "local-2x8")).toBe(text);
  });
});

describe("milestoneOf", () => {
  const container = "docker_container.local-2x8_npu-0_7D226DB2 (local-2x8/npu-0)";
  it.each([
    [`${container}: Creating...`, "container local-2x8/npu-0: Creating..."],
    [
      `${container}: Creation complete after 6s [id=b340]`,
      "container local-2x8/npu-0: Creation complete after 6s",
    ],
    [`${container}: Destroying... [id=b340]`, "container local-2x8/npu-0: Destroying..."],
    ["Plan: 6 to add, 0 to change, 0 to destroy.", "Plan: 6 to add, 0 to change, 0 to destroy."],
    [`${container}: Still creating... [10s elapsed]`, undefined],
    [`${container} (local-exec): cluster 'x' is serving`, undefined],
    ["# docker_container.x will be created", undefined],
    ["", undefined],
  ])("%s", (line, milestone) => {
    expect(milestoneOf(line)).toBe(milestone);
  });
});

describe("culprit", () => {
  it("is what the gate says, once, where the gate has judged", () => {
    const verdict = ["cluster 'x' is not serving: not whole after 180 s", "culprit: npu-1 (10.89.28.11)"];
    const lines = ["Plan: 5 to add", ...verdict, "Error: local-exec provisioner error", ...verdict];
    expect(culprit([...lines, "0 Stacks deploying     1 Stack done"])).toBe(
      "    cluster 'x' is not serving: not whole after 180 s\n    culprit: npu-1 (10.89.28.11)",
    );
  });

  it("is Terraform's error where there was no gate yet", () => {
    const lines = ["Plan: 5 to add", "Error: Unable to start container", "address already in use"];
    expect(culprit([...lines, "Invoking Terraform CLI failed with exit code 1"])).toBe(
      "    Error: Unable to start container\n    address already in use",
    );
  });

  it("is the end of the output where there is no error in it", () => {
    expect(culprit(["first", "something went wrong"])).toBe("    first\n    something went wrong");
  });
});
