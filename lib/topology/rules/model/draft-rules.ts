import { errorRule, type Rule, warningRule } from "../../../problems/rule";
import { unless } from "../../../problems/checks";
import { headCounts, headsDivide, type ModelPlan } from "./model-structure";

/** Rules of a draft model. */
export const draftRules: readonly Rule<ModelPlan>[] = [
  warningRule("RC126", {
    title: "A draft model is fetched and counted",
    why: "The engine starts without access to a hub, and a draft model takes memory for its weights and its cache.",
    check: ({ speculative, draft }) => {
      const { weights, model = "", property, path = "" } = speculative ?? {};
      const got = model === "" ? "a draft model" : `the draft model '${model}'`;
      return (
        weights === "other" &&
        draft === undefined &&
        (property === undefined
          ? {
              path,
              got,
              consequence: "is neither fetched nor counted",
              fix: "use the property 'speculation'; else put its folder on every node, name it by its path, and leave room for its weights and cache",
            }
          : {
              path: property,
              got,
              consequence: "is fetched, and counts as if it took no memory",
              fix: "give its numbers with its source: model: Model.fromFolder(...), Model.fromConfig(...) or Model.fromNumbers(...)",
            })
      );
    },
  }),
  errorRule("RC179", {
    title: "Tensor parallelism divides the attention heads of the draft model",
    why: "The ranks that share the draft model hold whole heads of it.",
    check: ({ speculative, draft, parallelism }) => {
      const tensor = draft?.tensor ?? parallelism.tensor;
      return (
        draft !== undefined &&
        unless(headsDivide(draft.model, tensor), {
          path: speculative?.property ?? "engine.speculation.model",
          got: `tp ${tensor} for ${draft.model.name}`,
          must: `divide its ${headCounts(draft.model).join(" and ")} attention heads`,
          fix: "use tensorParallelSize 1 of the draft model, or another one",
        })
      );
    },
  }),
  errorRule("RC180", {
    title: "A draft model has the vocabulary of the model",
    why: "vLLM refuses to start where a draft model proposes tokens of another vocabulary.",
    check: ({ speculative, draft, model }) => {
      const [own, other] = [model, draft?.model].map((one) => one?.shape.vocabularySize ?? 0);
      return (
        speculative?.method === "draft_model" &&
        own > 0 &&
        other > 0 &&
        unless(own === other, {
          path: speculative.property ?? "engine.speculation.model",
          got: `a vocabulary of ${other} entries`,
          must: `have the ${own} entries of ${model.name}`,
          fix: "use a smaller model of the same family",
        })
      );
    },
  }),
];
