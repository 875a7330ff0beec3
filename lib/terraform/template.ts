import { PLACEHOLDER } from "../problems/late-values";
import { literal } from "./encode";

/** A text whose references Terraform fills in, and in which everything else stays as it is. */
export function template(text: string, what: string): string {
  return text
    .split(PLACEHOLDER)
    .map((part, index) => (index % 2 === 1 ? part : literal(part, what)))
    .join("");
}
