import { readFileSync } from "node:fs";
import * as path from "node:path";

/** What a flag takes, as its engine defines it. */
export interface FlagDefinition {
  readonly takes: "switch" | "value" | "values" | "optional value";
  readonly type?: "integer" | "number";
  readonly choices?: readonly string[];
}

/** The argument definitions of a published engine (`test/python/tools/extract_engine_flags.py`). */
export interface EngineDefinition {
  readonly package: string;
  readonly version: string;
  readonly command: readonly string[];
  readonly flags: { readonly [flag: string]: FlagDefinition };
  readonly copied: { readonly [key: string]: any };
}

export const VLLM_VERSIONS = ["0.20.2", "0.23.0", "0.32.0", "0.33.0"];
export const LMDEPLOY_VERSIONS = ["0.14.0", "0.15.0", "0.18.0"];
/** Those with replicas on planned ports. */
export const LMDEPLOY_PROXY_VERSIONS = ["0.15.0", "0.18.0"];

/** A fixture, e.g. `vllm-0.33.0`. */
export function definition(name: string): EngineDefinition {
  const file = path.join(__dirname, "../../../fixtures/engine-flags", `${name}.json`);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** What an engine would refuse of a command, one sentence each. `positional`: arguments before the first flag. */
export function refusals(
  argv: readonly string[],
  { command, flags }: EngineDefinition,
  positional: number,
): readonly string[] {
  const begins = command.every((word, index) => argv[index] === word);
  const given = groups(argv.slice(command.length + positional));
  return [
    ...(begins ? [] : [`does not begin with '${command.join(" ")}'`]),
    ...given.flatMap(({ flag, values }) => {
      const defined = flags[flag];
      return defined === undefined ? [`knows no ${flag}`] : valueRefusals(flag, values, defined);
    }),
    ...given
      .map(({ flag }) => flag)
      .filter((flag, index, all) => all.indexOf(flag) !== index)
      .map((flag) => `${flag} is given twice`),
  ];
}

/** A command as flags with their values; what comes before the first flag has the flag ''. */
export function groups(
  argv: readonly string[],
): readonly { readonly flag: string; readonly values: string[] }[] {
  const found: { flag: string; values: string[] }[] = [];
  for (const argument of argv) {
    if (argument.startsWith("-") || found.length === 0) {
      found.push({ flag: argument.startsWith("-") ? argument : "", values: [] });
    }
    if (!argument.startsWith("-")) {
      found.at(-1)?.values.push(argument);
    }
  }
  return found;
}

function valueRefusals(
  flag: string,
  values: readonly string[],
  { takes, type, choices }: FlagDefinition,
): string[] {
  const wanted = { switch: [0, 0], value: [1, 1], values: [1, Infinity], "optional value": [0, 1] }[takes];
  if (values.length < wanted[0] || values.length > wanted[1]) {
    return [`${flag} takes ${takes}, not '${values.join(" ")}'`];
  }
  return values.flatMap((value) => {
    const wrong =
      (type === "integer" && !/^-?\d+$/.test(value)) ||
      (type === "number" && !Number.isFinite(Number(value))) ||
      (choices !== undefined && !choices.includes(value));
    return wrong ? [`${flag} does not take '${value}'`] : [];
  });
}
