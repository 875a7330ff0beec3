import { isAbsolutePath } from "../problems/checks";
import type { ErrorFinding } from "../problems/rule";
import { isLate, show } from "../problems/text";

export const WORD = /^\S+$/;

/** A text of a form, where one is given and its value is known at synth. */
export function checkForm(
  path: string,
  text: string | undefined,
  form: RegExp | ((text: string) => boolean),
  must: string,
  fix: string,
): readonly ErrorFinding[] {
  const fits = (value: string) => (form instanceof RegExp ? form.test(value) : form(value));
  return text === undefined || isLate(text) || fits(text) ? [] : [{ path, got: show(text), must, fix }];
}

/** A path on a machine, as systemd and the data of a boot can carry it. */
export function isMachinePath(path: string): boolean {
  return isAbsolutePath(path) && /^[\w./-]{2,}$/.test(path);
}
