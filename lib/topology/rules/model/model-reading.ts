import { warningRule } from "../../../problems/rule";
import { show } from "../../../problems/text";
import type { ClusterRule } from "../rule";

/** What could not be read of a model's configuration. */
export const readingRules: readonly ClusterRule[] = [
  warningRule("RC117", {
    title: "A model's configuration says how it is built",
    why: "What it leaves out is counted as in most models, so memory may be some per cent off.",
    check: ({ model }) =>
      model !== undefined &&
      model.unreadable === undefined &&
      model.assumptions.length > 0 && {
        path: "model",
        got: show(model.name),
        consequence: `is judged with assumptions: ${model.assumptions.join("; ")}`,
        fix: "use Model.fromFolder with the model's folder, or compare with the engine's log",
      },
  }),
  warningRule("RC118", {
    title: "A model's configuration can be read",
    why: "Without layers, heads and widths neither the split nor the memory can be checked.",
    check: ({ model }) =>
      model?.unreadable !== undefined && {
        path: "model",
        got: show(model.name),
        consequence: `is not judged: ${model.unreadable}`,
        fix: "give its numbers with Model.fromNumbers",
      },
  }),
];
