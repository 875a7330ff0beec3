import { findModelFamily } from "../../../catalog/models";
import { errorRule, type Rule, warningRule } from "../../../problems/rule";
import type { ModelPlan } from "./model-structure";

const PATH = "engine.enableExpertParallel";

/** Whole experts on the ranks of vLLM. */
export const expertRules: readonly Rule<ModelPlan>[] = [
  errorRule("RC183", {
    title: "Expert parallelism has experts",
    why: "vLLM refuses it for a model without any (`vllm/config/model.py`).",
    check: (plan) =>
      isExpertParallel(plan) &&
      plan.model.shape.moe === null &&
      // Where only numbers are given, the experts may have been left out.
      plan.model.basis !== "numbers" && {
        path: PATH,
        got: `true for ${plan.model.name}`,
        must: "be false for a model without experts",
        fix: "leave it out",
      },
  }),
  warningRule("RC184", {
    title: "Experts are dealt out in equal numbers where the model's code wants it",
    why: "It stops while the model is built, unless experts are copied (vllm-project/vllm#52435).",
    check: (plan) => {
      const { shape } = plan.model;
      const { tensor, data } = plan.parallelism;
      const ranks = tensor * data;
      const experts = shape.moe?.experts ?? 0;
      return (
        isExpertParallel(plan) &&
        findModelFamily(shape.modelType)?.evenExperts === true &&
        experts % ranks !== 0 && {
          path: PATH,
          got: `${experts} experts over ${ranks} ranks`,
          consequence: `stop the engine while it starts, unless num_redundant_experts of its '--eplb-config' makes them divide by ${ranks}`,
          fix: `use sizes whose product divides ${experts}`,
        }
      );
    },
  }),
];

function isExpertParallel({ parallelism, engine }: ModelPlan): boolean {
  return engine?.name === "vllm" && parallelism.expertParallel;
}
