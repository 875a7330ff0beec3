import { engineMilestone } from "../../catalog/engines";
import { compareVersions, parseVersion } from "../../catalog/ray-versions";
import { unstagedModelOf } from "../../catalog/unstaged-models";
import { errorRule, type Topic, type WarningRule, warningRule } from "../../problems/rule";
import { unless } from "../../problems/checks";
import { show } from "../../problems/text";
import type { EngineContext } from "../../topology/engine-spec";
import { stagesObstacle } from "../../topology/model/speculative-stages";
import { isBefore } from "../releases/engine-version";
import { quantizationRule } from "./quantization-rule";
import type { VllmCut } from "./vllm-arguments";

export const VLLM_TOPIC: Topic<VllmCut, EngineContext> = {
  title: "vLLM",
  rules: [
    errorRule("RC610", {
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
    }),
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
    errorRule("RC614", {
      title: "Without Ray, vLLM is new enough to run on several nodes",
      why: "Older versions have no --nnodes and --node-rank.",
      check: (cut) => {
        const { version } = cut;
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
    }),
    warningRule("RC615", {
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
    }),
    errorRule("RC616", {
      title: "Speculative decoding works with the pipeline stages",
      why: "A draft model or MTP module that cannot be cut into stages makes the engine refuse to start.",
      check: ({ parallelism: { pipeline }, speculative, version }, context) => {
        const obstacle =
          speculative && stagesObstacle(speculative, context.model?.shape.modelType ?? "", version);
        return (
          pipeline > 1 &&
          obstacle !== undefined && {
            path: "engine.pipelineParallelSize",
            got: `${pipeline} with speculative decoding by '${speculative?.method}'`,
            must: `be 1 ${obstacle}`,
            fix: `leave speculative decoding out, or use tensor parallelism alone${isBefore("vllm-drafts-with-stages", version) ? ", or a newer image" : ""}`,
          }
        );
      },
    }),
    errorRule("RC624", {
      title: "The engine's version runs the model in pipeline stages",
      why: "A model whose code hands nothing over to the next stage makes the engine refuse to start.",
      check: ({ parallelism: { pipeline }, version }, { model }) => {
        const type = model?.shape.modelType ?? "";
        const facts = pipeline > 1 ? unstagedModelOf("vllm", type, version) : undefined;
        const last = facts?.lastWithout;
        return (
          facts && {
            path: "engine.pipelineParallelSize",
            got: `${pipeline} for a model of type '${type}'`,
            must: `be 1 with ${last == null ? "vLLM" : `vLLM ${last} and older (this is ${version})`}`,
            fix: `use tensor parallelism alone${last == null ? "" : ", or a newer image"}`,
          }
        );
      },
    }),
    quantizationRule,
    errorRule("RC617", {
      title: "Without Ray, one server takes the requests of all nodes",
      why: "The other nodes run without an API, with which vLLM refuses a server on every node.",
      check: (cut) =>
        isSpreadWithoutRay(cut) &&
        cut.isHybrid && {
          path: "engine.extraArguments",
          got: "'--data-parallel-hybrid-lb'",
          must: "be left out with VllmExecutor.MP on several nodes",
          fix: "remove it",
        },
    }),
    errorRule("RC618", {
      title: "The API asks its clients for no certificate",
      why: "The cluster is ready when a request from the head is answered, which carries no certificate.",
      check: ({ clientCertificates: flag }) =>
        flag !== undefined && {
          path: `engine.extraArguments[${flag.index}]`,
          got: show(flag.written),
          must: "be left to a proxy in front of the API",
          fix: "remove it, and use 'apiKeys' where clients must be known",
        },
    }),
    errorRule("RC619", {
      title: "Context parallelism fits the tensor groups",
      why: "The ranks that share a cache are ranks of one tensor group.",
      check: ({ parallelism: { tensor, decodeContext = 1, prefillContext = 1 } }) => {
        const allowed =
          prefillContext > 1
            ? [1, prefillContext, tensor * prefillContext]
            : tensor % decodeContext === 0
              ? [decodeContext]
              : divisors(tensor);
        return unless(allowed.includes(decodeContext), {
          path: "engine.decodeContextParallelSize",
          got: String(decodeContext),
          must: `be ${allowed.join(", ").replace(/, (\d+)$/, " or $1")} with tp ${tensor}${prefillContext > 1 ? ` and pcp ${prefillContext}` : ""}`,
          fix: `use ${allowed.at(-1)}`,
        });
      },
    }),
  ],
};

function divisors(number: number): readonly number[] {
  return Array.from({ length: number }, (_, index) => index + 1).filter((divisor) => number % divisor === 0);
}

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
