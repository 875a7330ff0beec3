import { VllmServe } from "../../../../../lib/engines/vllm/vllm-serve";
import type { VllmServeProps } from "../../../../../lib/engines/vllm/vllm-props";
import { fitReview, fitText } from "../../../../../lib/review/fit";
import { Accelerator } from "../../../../../lib/topology/declaration/accelerator";
import { HostPathStorage } from "../../../../../lib/topology/declaration/storage";
import { Model } from "../../../../../lib/topology/model/model";
import { judgeCluster } from "../../../../../lib/topology/planner";
import { ModelSource } from "../../../../../lib/topology/values/model-source";
import { hostsPlace, machineProps } from "../../../../support/clusters";

/** Llama 3.1 70B on one machine of some H100. */
const judged = (acceleratorsPerNode: number, props: VllmServeProps) =>
  judgeCluster(
    machineProps({
      pools: [{ name: "gpu", nodes: 1, accelerator: Accelerator.H100, acceleratorsPerNode }],
      storage: [HostPathStorage.shared("/mnt/models")],
      model: ModelSource.path("/models/m", { model: Model.LLAMA_3_1_70B }),
      engine: new VllmServe(props),
    }),
    hostsPlace({ addresses: { gpu: ["10.20.0.1"] } }),
  );
const rulesOf = ({ problems }: ReturnType<typeof judged>) =>
  problems.map(({ rule }) => rule).filter((rule) => ["RC107", "RC108", "RC109"].includes(rule));
const AUTO = { maxModelLen: VllmServe.LONGEST_THAT_FITS, gpuMemoryUtilization: 0.5 };

test("a context that fits is the model's own where that fits", () => {
  const found = judged(8, { maxModelLen: VllmServe.LONGEST_THAT_FITS });
  expect(rulesOf(found)).toEqual([]);
  expect(found.plan?.memory).toMatchObject({ contextTokens: 131072, contextFits: true });
  expect(found.plan?.engine.argv.join(" ")).toContain("--max-model-len auto");
});

test("a context that fits is what the memory holds, which leaves nothing and is no risk", () => {
  const found = judged(4, AUTO);
  const tokens = found.plan?.memory?.contextTokens ?? 0;
  expect(rulesOf(found)).toEqual([]);
  expect(tokens).toBeGreaterThan(1024);
  expect(tokens).toBeLessThan(131072);
  // One token more is too much, as a number.
  const fits = (maxModelLen: number) => judged(4, { ...AUTO, maxModelLen }).plan?.memory?.fit.fits;
  expect([fits(tokens), fits(tokens + 1)]).toEqual([true, false]);
});

test("several sequences of the context that fits do not fit", () => {
  expect(rulesOf(judged(4, { ...AUTO, plannedSequences: 8 }))).toEqual(["RC108"]);
});

test("a memory without room for a usable context is refused", () => {
  expect(rulesOf(judged(4, { ...AUTO, gpuMemoryUtilization: 0.4 }))).toEqual(["RC108"]);
});

test("the review says that the length is expected", () => {
  const text = ({ plan }: ReturnType<typeof judged>) => fitText((plan && fitReview(plan)) ?? fail());
  expect(text(judged(4, AUTO))).toContain("expected to fit; the engine decides when it starts)");
  expect(text(judged(8, { maxModelLen: 4096 }))).not.toContain("expected");
});

function fail(): never {
  throw new Error("there is no fit");
}
