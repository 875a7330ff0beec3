import { readFileSync, statSync } from "node:fs";
import type { Problem } from "../problems/problem";
import { error } from "./problems";
import type { SecretSource } from "./secret-source";
import type { CloudInitSettings } from "./settings";

export const ABSOLUTE_PATH = /^(\/[\w.-]+)+$/;
/** Programs below `sources/` that every machine has. */
const OWN_PROGRAMS = ["file.sh", "url.sh"];
const PROGRAM = /^[a-z0-9][a-z0-9._-]*$/i;

/** What is wrong with the sources that machines ask. */
export function checkSources(settings: CloudInitSettings): readonly Problem[] {
  return [
    ...sourcesOf(settings).flatMap(({ path, source }) => checkSource(path, source)),
    ...checkStore(settings),
    ...checkPrograms(settings),
  ];
}

interface NamedSource {
  readonly path: string;
  readonly source: SecretSource;
}

/** Every source that a machine asks. */
export function sourcesOf({ rayToken, secretStore, registry }: CloudInitSettings): readonly NamedSource[] {
  return [
    { path: "rayToken", source: rayToken },
    ...(secretStore === undefined ? [] : [{ path: "secretStore", source: secretStore }]),
    ...(registry === undefined ? [] : [{ path: "registry.password", source: registry.password }]),
  ];
}

function checkSource(
  path: string,
  { name, programPath, programArguments }: SecretSource,
): readonly Problem[] {
  if (programPath === undefined) {
    return ABSOLUTE_PATH.test(programArguments[0])
      ? []
      : error(
          "RC502",
          path,
          programArguments[0],
          "must be the absolute path of a file on the machines",
          "write e.g. SecretSource.file('/etc/ray-cluster/ray-token')",
        );
  }
  const odd = programArguments.find((argument) => argument === "" || /\s/.test(argument));
  return [
    ...(PROGRAM.test(name) && isProgram(programPath)
      ? []
      : error(
          "RC502",
          path,
          programPath,
          "must be a program: a file that begins with '#!'",
          "name the file relative to the folder of cdktf.json",
        )),
    ...(odd === undefined
      ? []
      : error(
          "RC502",
          path,
          odd,
          "must have arguments without blanks",
          "put what has blanks into the program",
        )),
  ];
}

function isProgram(path: string): boolean {
  return (
    statSync(path, { throwIfNoEntry: false })?.isFile() === true && /^#!/.test(readFileSync(path, "utf8"))
  );
}

/** A file holds one secret, and a store is asked for many. */
function checkStore({ secretStore }: CloudInitSettings): readonly Problem[] {
  return secretStore === undefined || secretStore.programPath !== undefined
    ? []
    : error(
        "RC502",
        "secretStore",
        secretStore.programArguments[0],
        "must be a program, which gets the id of a secret as its last argument",
        "write SecretSource.program('vault.sh'), or name the file by SecretRef.hostFile(path)",
      );
}

/** Programs lie in one folder on the machine. */
function checkPrograms(settings: CloudInitSettings): readonly Problem[] {
  const seen = new Map<string, string>();
  return sourcesOf(settings).flatMap(({ path, source: { name, programPath } }) => {
    if (programPath === undefined) {
      return [];
    }
    const other = OWN_PROGRAMS.includes(name) ? "this library's own" : seen.get(name);
    seen.set(name, programPath);
    return other === undefined || other === programPath
      ? []
      : error("RC503", path, programPath, `must have another name than ${other}`, "rename the file");
  });
}
