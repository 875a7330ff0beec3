import { readFileSync } from "node:fs";
import * as path from "node:path";
import { App } from "cdktf";
import { type ClusterPlan, RayCluster } from "../../../lib";
import { expectGolden } from "../../support/golden";
import { guideMarkdown, wanting } from "./guides/guide";
import { GUIDES } from "./guides/guides";
import { synthesizedStack } from "./guides/stacks";

/** The plan of a stack of this repository, with the context of its `cdktf.json`. */
function planOf(stack: string): ClusterPlan {
  const { context } = JSON.parse(readFileSync(path.join(__dirname, "../../../cdktf.json"), "utf8"));
  const app = new App({ context });
  const cluster = synthesizedStack(app, stack)
    .node.findAll()
    .find((construct) => construct instanceof RayCluster);
  return (cluster as RayCluster).plan;
}

test("there are the five guides, one of them in two places", () => {
  expect(GUIDES.map(({ stack }) => stack)).toEqual([
    "lmdeploy-gpu-2x8",
    "lmdeploy-ascend-2x8",
    "vllm-ascend-2x8",
    "roll-2x2",
    "vllm-405b-lambda-4x8-h100",
    "vllm-405b-4x8-h100",
  ]);
});

describe.each(GUIDES.map((guide) => [guide.stack, guide] as const))("the guide of %s", (stack, guide) => {
  const plan = planOf(stack);

  test.each(guide.rows.map((row) => [row.guide, row] as const))("%s", (_, { here, shown, absent }) => {
    expect((shown ?? []).flatMap((check) => wanting(check, plan) ?? [])).toEqual([]);
    expect((absent ?? []).filter((check) => wanting(check, plan) === undefined)).toEqual([]);
    // A line that nothing shows differs on purpose, and says why.
    expect(here.length).toBeGreaterThan(shown ? 5 : 20);
  });

  test("its page is the one that the table makes", () => {
    expectGolden(path.join(__dirname, `../../../stacks/guides/${stack}.md`), guideMarkdown(guide));
  });
});

test("a check finds what is not there", () => {
  const plan = planOf("roll-2x2");
  for (const check of [
    { argument: "--tp 3" },
    { device: ["/dev/davinci0"] },
    { mount: "/nowhere" },
    { sharedMemoryMiB: 10_000_000 },
    { variable: "RANK", is: "0" },
    { inContainer: "RAY_ADDRESS", is: "192.0.2.11:1" },
    { ray: "address", is: "192.0.2.11:1" },
    { resource: "NPU", perNode: 2 },
    { image: "nothing" },
    { storage: "/a:/b" },
    { source: "a/b" },
    { text: "not in it" },
    { file: "README.md", holds: "not in the README at all, never" },
    { file: "no/such/file", holds: "" },
  ] as const) {
    expect(wanting(check, plan)).toMatch(/found/);
  }
});
