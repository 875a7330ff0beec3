import { engineMilestone } from "../../catalog/engines";
import { compareVersions, parseVersion } from "../../catalog/ray-versions";
import type { Topic, WarningRule } from "../../problems/rule";
import { show } from "../../problems/text";
import type { EngineContext } from "../../topology/engine-spec";
import { engineVersion, isBefore } from "../releases/engine-version";
import type { VllmCut } from "./vllm-arguments";

export const VLLM_TOPIC: Topic<VllmCut, EngineContext> = {
  title: "vLLM",
  rules: [
    {
      id: "RC610",
      level: "error",
      title: "Without Ray, vLLM's nodes meet at a planned address",
      why: "The head's address is an argument of every node's command.",
      check: (cut) =>
        isSpreadWithoutRay(cut) && cut.headAddress === undefined
          ? [
              {
                path: "engine.executor",
                got: "'mp'",
                must: "be 'ray' where the plan does not know the head's address, at which the nodes meet",
                fix: "use VllmExecutor.RAY, or a backend that plans addresses",
              },
            ]
          : [],
    },
    onAscend(
      { id: "RC611", title: "Pipeline parallelism across Ascend nodes does without Ray", issue: 10910 },
      ({ parallelism: { pipeline } }) =>
        pipeline > 1 ? ["pipelineParallelSize", String(pipeline)] : undefined,
    ),
    onAscend(
      { id: "RC612", title: "Data parallelism across Ascend nodes does without Ray", issue: 10910 },
      ({ parallelism: { data } }) => (data > 1 ? ["dataParallelSize", String(data)] : undefined),
    ),
    onAscend(
      { id: "RC613", title: "Expert parallelism across Ascend nodes does without Ray", issue: 4123 },
      ({ parallelism: { expertParallel } }) =>
        expertParallel ? ["enableExpertParallel", "true"] : undefined,
    ),
    {
      id: "RC614",
      level: "error",
      title: "Without Ray, vLLM is new enough to run on several nodes",
      why: "Older versions have no --nnodes and --node-rank.",
      check: (cut, context) => {
        const version = engineVersion(context);
        return isSpreadWithoutRay(cut) && isBefore("vllm-nodes-without-ray", version)
          ? [
              {
                path: "engine.executor",
                got: "'mp'",
                must: `be 'ray' with vLLM older than ${engineMilestone("vllm-nodes-without-ray").version} (this is ${version})`,
                fix: "use a newer image, or VllmExecutor.RAY",
              },
            ]
          : [];
      },
    },
    {
      id: "RC615",
      level: "warning",
      title: "The Ray of the image is known to run vLLM's executor 'ray'",
      why: "It is reported to fail while the engine starts.",
      check: ({ executor }, { image }) => {
        const { version, links } = engineMilestone("ray-breaks-vllm");
        const rayVersion = image?.rayVersion ?? "";
        return executor === "ray" && parseVersion(rayVersion) && compareVersions(rayVersion, version) >= 0
          ? [
              {
                path: "image.rayVersion",
                got: show(rayVersion),
                consequence: `may break vLLM's executor 'ray': failures are reported with Ray ${version} and later`,
                fix: `use Ray ${engineMilestone("ray-of-vllm").version}, which vLLM tests with, or VllmExecutor.MP`,
                links,
              },
            ]
          : [];
      },
    },
  ],
};

/** What is reported to fail for vllm-ascend with Ray's executor, and still open. */
function onAscend(
  { id, title, issue }: { readonly id: string; readonly title: string; readonly issue: number },
  used: (cut: VllmCut) => readonly [property: string, value: string] | undefined,
): WarningRule<VllmCut, EngineContext> {
  return {
    id,
    level: "warning",
    title,
    why: "It is reported to fail with vllm-ascend and the executor 'ray'.",
    check: (cut, { rayResource }) => {
      const found = rayResource === "NPU" && cut.executor === "ray" && cut.nodes > 1 ? used(cut) : undefined;
      return found === undefined
        ? []
        : [
            {
              path: `engine.${found[0]}`,
              got: found[1],
              consequence: "is reported to fail across Ascend nodes with the executor 'ray'",
              fix: "use VllmExecutor.MP, or tensor parallelism alone",
              links: [`https://github.com/vllm-project/vllm-ascend/issues/${issue}`],
            },
          ];
    },
  };
}

function isSpreadWithoutRay({ executor, nodes }: VllmCut): boolean {
  return executor === "mp" && nodes > 1;
}
