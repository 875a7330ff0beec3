import { engineMilestone } from "../../../catalog/engines";
import { compareVersions } from "../../../catalog/ray-versions";
import { findSpeculativeMethod } from "../../../catalog/speculative-methods";
import { isWhole, unless } from "../../../problems/checks";
import { errorRule } from "../../../problems/rule";
import type { ClusterRule } from "../rule";

/** What a release takes of a context that fits, and of speculative decoding; also without a known model. */
export const speculationRules: readonly ClusterRule[] = [
  errorRule("RC175", {
    title: "The engine's version takes the longest sequence that fits",
    why: "An older vLLM refuses the value.",
    check: ({ engine: { name, sizing, version } }) => {
      const { version: first } = engineMilestone("vllm-context-auto");
      return (
        name === "vllm" &&
        sizing?.contextFits === true &&
        version !== undefined &&
        compareVersions(version, first) < 0 && {
          path: `engine.${sizing.contextProperty}`,
          got: "'auto'",
          must: `be a number of tokens with vLLM older than ${first} (this is ${version})`,
          fix: "use a number, or a newer image",
        }
      );
    },
  }),
  errorRule("RC176", {
    title: "The engine's version supports the speculative method",
    why: "An older vLLM refuses to start with it.",
    check: ({ engine: { sizing, version } }) => {
      const method = sizing?.speculative?.method ?? "";
      const first = findSpeculativeMethod(method)?.first ?? undefined;
      const { version: read } = engineMilestone("vllm-refuses-draft-models");
      return (
        first !== undefined &&
        version !== undefined &&
        compareVersions(version, read) >= 0 &&
        compareVersions(version, first) < 0 && {
          path: sizing?.speculative?.path ?? "",
          got: `'${method}'`,
          must: `be another method with vLLM older than ${first} (this is ${version})`,
          fix: "use Speculation.eagle3, Speculation.mtp or Speculation.ngram, or a newer image",
        }
      );
    },
  }),
  errorRule("RC177", {
    title: "Speculative decoding proposes at least one token",
    why: "The engine refuses any other number.",
    check: ({ engine: { sizing } }) =>
      sizing?.speculative !== undefined &&
      unless(isWhole(sizing.speculative.tokens, 1), {
        path: sizing.speculative.path,
        got: `${sizing.speculative.tokens} tokens`,
        must: "be a whole number of at least 1 token",
        fix: "use 3",
      }),
  }),
  errorRule("RC178", {
    title: "A draft model is shared by one rank, or by those of the model",
    why: "The engine refuses any other number.",
    check: ({ engine: { sizing, parallelism } }) => {
      const { tensor, path } = sizing?.speculative ?? {};
      return (
        path !== undefined &&
        tensor !== undefined &&
        parallelism !== undefined &&
        unless([1, parallelism.tensor].includes(tensor), {
          path,
          got: `a draft model over ${tensor} ranks`,
          must: `be over ${[...new Set([1, parallelism.tensor])].join(" or ")}`,
          fix: "leave it out",
        })
      );
    },
  }),
];
