import { Token } from "cdktf";

/** A value that is known at synth; `undefined` for one that shows only at apply, which no rule can judge. */
export function known<Value extends string | number>(value: Value | undefined): Value | undefined {
  return Token.isUnresolved(value) ? undefined : value;
}

/** Whether a text is right, as far as it can be judged: one that is not given, or not known at synth, is. */
export function fits(text: string | undefined, form: RegExp | ((text: string) => boolean)): boolean {
  const given = known(text);
  return given === undefined || (form instanceof RegExp ? form.test(given) : form(given));
}
