import { App, TerraformStack } from "cdktf";
import { ContainerImage } from "../../../lib";
import { problemLine } from "../../../lib/problems/plan-error";
import { judgeCluster } from "../../../lib/topology/planner";
import { localCluster } from "../../support/local-cluster";
import { emulatedProps, localPlace } from "../../support/clusters";

const image = ContainerImage.of("a:1", { rayVersion: "2.53.0" });
const judged = (acknowledge: { readonly [rule: string]: string }, more: object = {}) =>
  judgeCluster(emulatedProps({ image, acknowledge, ...more }), localPlace());

test("a warning is kept with its reason", () => {
  const { plan, problems } = judged({ RC068: "the network is closed" });
  expect(problems).toEqual(plan?.warnings);
  const [warning] = problems.filter(({ rule }) => rule === "RC068");
  expect(warning).toMatchObject({ level: "warning", acknowledged: "the network is closed" });
  expect(problemLine(warning)).toMatch(/ Acknowledged: the network is closed\.$/);
  expect(problems.map(({ rule }) => rule)).not.toContain("RC172");
});

test.each([
  ["RC170", "error", { RC068: " " }, "acknowledge.RC068", "nothing"],
  ["RC172", "warning", { RC001: "it is gone" }, "acknowledge.RC001", "RC001"],
] as const)("%s", (rule, level, acknowledge, path, got) => {
  expect(judged(acknowledge).problems).toContainEqual(expect.objectContaining({ rule, level, path, got }));
});

test("an error cannot be acknowledged", () => {
  const { plan, problems } = judged({ RC010: "I know better" }, { pools: [] });
  expect(plan).toBeUndefined();
  expect(problems).toContainEqual(expect.objectContaining({ rule: "RC171", path: "acknowledge.RC010" }));
});

test("what is acknowledged is no longer reported at synth", () => {
  const reported = (acknowledge?: { readonly [rule: string]: string }) => {
    const { node } = localCluster(new TerraformStack(new App(), "s"), { image, acknowledge });
    return node.metadata.map(({ data }) => String(data)).filter((text) => text.includes("RC068"));
  };
  expect(reported()).toHaveLength(1);
  expect(reported({ RC068: "the network is closed" })).toEqual([]);
});
