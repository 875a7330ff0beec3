import { type Given, repeated } from "./checks";
import type { ErrorFinding, ErrorRule, RuleText } from "./rule";
import { show } from "./text";

type Text = Pick<RuleText, "id" | "title" | "why"> & Pick<ErrorFinding, "fix">;
/** What each value of a property must be, whatever the others are. */
export interface ValueRule extends Text {
  /** The property, as `valuesAt` takes it. */
  readonly at: string;
  readonly is: RegExp | ((value: never) => boolean);
  readonly must: string;
}

/** Judges each value by itself. */
export function valueRule<Subject>(
  { at, is, must, fix, ...text }: ValueRule,
  valuesOf: (subject: Subject, at: string) => readonly Given<unknown>[],
): ErrorRule<Subject, unknown> {
  const fits = (value: unknown) => (is instanceof RegExp ? is.test(String(value)) : is(value as never));
  const check = (subject: Subject) =>
    valuesOf(subject, at)
      .filter(({ value }) => value !== undefined && !fits(value))
      .map(({ path, value }) => ({ path, got: show(value), must, fix }));
  return { level: "error", ...text, check };
}

/** Refuses a value that stands twice. */
export function distinctRule<Subject>(
  { fix, ...text }: Text,
  valuesOf: (subject: Subject) => readonly Given<unknown>[],
): ErrorRule<Subject, unknown> {
  const check = (subject: Subject) =>
    repeated(valuesOf(subject)).map(({ path, value, first }) => ({
      path,
      got: show(value),
      must: `differ from ${first}`,
      fix,
    }));
  return { level: "error", ...text, check };
}

/**
 * The values of a property that are given, each with its own path.
 *
 * @param at path from `root`, e.g. `registry.host`; `[]` stands for every item of a list: `mounts[].source`
 * @param prefix path of `root`
 */
export function valuesAt(root: object, at: string, prefix: string): readonly Given<unknown>[] {
  const steps = at.split(/\.|(?=\[\])/).filter((step) => step !== "");
  return steps.reduce<readonly Given<unknown>[]>(
    (found, step) =>
      found
        .flatMap(({ path, value }) =>
          step === "[]"
            ? (value as readonly unknown[]).map((item, index) => ({ path: `${path}[${index}]`, value: item }))
            : [{ path: `${path}.${step}`, value: (value as { readonly [name: string]: unknown })[step] }],
        )
        .filter(({ value }) => value !== undefined),
    [{ path: prefix, value: root }],
  );
}
