import type { ErrorFinding } from "./rule";
import { show } from "./text";

/** A property and its value, as far as it is given. */
export interface Given<Value> {
  readonly path: string;
  readonly value: Value | undefined;
}

/** A whole number of at least a minimum. */
export function checkWhole(
  { path, value }: Given<number>,
  minimum: number,
  fix: string,
): readonly ErrorFinding[] {
  return value === undefined || isWhole(value, minimum)
    ? []
    : [{ path, got: show(value), must: `be a whole number of at least ${minimum}`, fix }];
}

/** The finding, unless something holds. */
export function unless<Finding>(holds: boolean, finding: Finding): readonly Finding[] {
  return holds ? [] : [finding];
}

export function isWhole(
  value: number | undefined,
  minimum: number,
  maximum = Number.MAX_SAFE_INTEGER,
): value is number {
  return value !== undefined && Number.isInteger(value) && value >= minimum && value <= maximum;
}

/** An absolute path without `.`, `..`, empty parts and control characters. */
export function isAbsolutePath(path: string): boolean {
  const parts = path.split("/").slice(1);
  const isPlain = path === "/" || !parts.some((part) => ["", ".", ".."].includes(part));
  return path.startsWith("/") && isPlain && !/[\0\n\r]/.test(path);
}

/** Whether a path is a folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder.replace(/\/+$/, "")}/`);
}

/** Values that stand twice: each later one, with the path of the first. */
export function repeated<Value>(
  values: readonly Given<Value>[],
): readonly { readonly path: string; readonly value: Value; readonly first: string }[] {
  const owners = new Map<Value, string>();
  return values.flatMap(({ path, value }) => {
    if (value === undefined) {
      return [];
    }
    const first = owners.get(value);
    owners.set(value, first ?? path);
    return first === undefined ? [] : [{ path, value, first }];
  });
}
