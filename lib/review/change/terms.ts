import type { Life } from "../../runtime/lives/lives";
import { LIVES } from "../place-facts";

/** One word of a declaration that differs. */
export interface ChangedTerm {
  readonly life: Life;
  /** E.g. `engine.maxModelLen`. */
  readonly path: string;
  /** As JSON; `null`: it was not declared. */
  readonly runs: string | null;
  readonly planned: string | null;
}

type Terms = { readonly [life in Life]?: unknown };

/** What differs between two declarations, in their own words; hashes and numbers only where no word says it. */
export function changedTerms(before: Terms, after: Terms): readonly ChangedTerm[] {
  return LIVES.flatMap((life) => {
    const [old, now] = [leaves(before[life]), leaves(after[life])];
    const paths = [...new Set([...old.keys(), ...now.keys()])].filter(
      (path) => old.get(path) !== now.get(path),
    );
    const words = paths.filter((path) => !isHash(path));
    return (words.length > 0 ? words : paths).map((path) => ({
      life,
      path,
      runs: old.get(path) ?? null,
      planned: now.get(path) ?? null,
    }));
  });
}

/** Whether the workload is another one. */
export function workloadDiffers(before: Terms, after: Terms): boolean {
  return leaves(before.workload).get("number") !== leaves(after.workload).get("number");
}

function isHash(path: string): boolean {
  return path === "number" || path.startsWith("hashes.");
}

/** Every value at the end of a path, as JSON. */
function leaves(value: unknown, path = ""): ReadonlyMap<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value === undefined || value === null ? new Map() : new Map([[path, JSON.stringify(value)]]);
  }
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => [
      ...leaves(inner, path === "" ? name : `${path}.${name}`),
    ]),
  );
}
