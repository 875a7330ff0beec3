import { type Rule, warningRule } from "../../../problems/rule";
import { longestContext } from "../../model/longest-context";
import type { ModelPlan } from "./model-structure";

/** Sessions of an engine that refuses no length of them. */
export const sessionRules: readonly Rule<ModelPlan>[] = [
  warningRule("RC181", {
    title: "A session is no longer than the model's context",
    why: "LMDeploy takes any length, but the model has seen no positions beyond its own.",
    check: (plan) => {
      const { model, contextTokens, engine } = plan;
      const most = longestContext(model, engine);
      return (
        takesAnySession(plan) &&
        most > 0 &&
        contextTokens > most && {
          path: "engine.contextTokens",
          got: `${contextTokens} tokens`,
          consequence: `are more than the ${most} that ${model.name} was trained for, and what follows them may be nonsense`,
          fix: `use at most ${most}`,
        }
      );
    },
  }),
  warningRule("RC182", {
    title: "A session that is left to the engine is as long as the model's context",
    why: "LMDeploy ends a session where its cache ends, without a word at its start.",
    check: (plan) => {
      const { model, contextTokens, contextFits, engine } = plan;
      return (
        takesAnySession(plan) &&
        contextFits === true && {
          path: "engine.contextTokens",
          got: "no length",
          consequence: `leaves a session ${contextTokens} of the ${longestContext(model, engine)} tokens of ${model.name}, as many as fit into the cache`,
          fix: "declare the length that is needed, and see at synth whether it fits",
        }
      );
    },
  }),
];

/** LMDeploy takes the length that is declared, and cuts it to its cache (`lmdeploy/serve/core/async_engine.py`). */
export function takesAnySession({ engine }: ModelPlan): boolean {
  return engine?.name === "lmdeploy";
}
