import { literal } from "./encode";

/** How cdktf writes a value into a text that it fills in later. */
const TOKEN = /([$]\{TfToken\[[\w:.-]+\]\})/;

/** A text whose references Terraform fills in, and in which everything else stays as it is. */
export function template(text: string, what: string): string {
  return text
    .split(TOKEN)
    .map((part, index) => (index % 2 === 1 ? part : literal(part, what)))
    .join("");
}
