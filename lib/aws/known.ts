import { Token } from "cdktf";

/** A text that is known at synth; `undefined` for one that has its value only at apply, which no rule can judge. */
export function known(text: string | undefined): string | undefined {
  return text === undefined || Token.isUnresolved(text) ? undefined : text;
}
