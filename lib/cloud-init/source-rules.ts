import { readFileSync, statSync } from "node:fs";
import { unless } from "../problems/checks";
import { errorRule, type Topic } from "../problems/rule";
import { isLate } from "../problems/late-values";
import { show } from "../problems/text";
import { isMachinePath, WORD } from "./form";
import type { SecretSource } from "./secret-source";
import type { CloudInitSettings } from "./settings";

/** Programs below `sources/` that every machine has. */
const OWN_PROGRAMS = ["file.sh", "url.sh"];
const PROGRAM = /^[a-z0-9][a-z0-9._-]*$/i;

interface NamedSource {
  readonly path: string;
  readonly source: SecretSource;
}

/** Every source that a machine asks. */
export function sourcesOf({ rayToken, secretStore, registry }: CloudInitSettings): readonly NamedSource[] {
  return [
    { path: "backend.rayToken", source: rayToken },
    ...(secretStore === undefined ? [] : [{ path: "backend.secretStore", source: secretStore }]),
    ...(registry === undefined ? [] : [{ path: "backend.registry.password", source: registry.password }]),
  ];
}

function programsOf(settings: CloudInitSettings) {
  return sourcesOf(settings).flatMap(({ path, source: { name, programPath: file, programArguments } }) =>
    file === undefined ? [] : [{ path, name, file, programArguments }],
  );
}

/** What the sources must be that machines ask for secrets. */
export const SECRET_SOURCES: Topic<CloudInitSettings> = {
  title: "Sources of secrets",
  rules: [
    errorRule("RC502", {
      title: "A secret in a file is named by its absolute path on the machines",
      why: "No working directory is defined when a machine boots.",
      check: (settings) =>
        sourcesOf(settings)
          .filter(({ source }) => source.programPath === undefined)
          .map(({ path, source }) => ({ path, file: source.programArguments[0] }))
          .flatMap(({ path, file }) =>
            unless(isLate(file) || isMachinePath(file), {
              path,
              got: show(file),
              must: "be the absolute path of a file on the machines",
              fix: "write e.g. SecretSource.file('/etc/ray-cluster/ray-token')",
            }),
          ),
    }),
    errorRule("RC521", {
      title: "A program that prints a secret is a file that begins with '#!'",
      why: "The machines run it as it is.",
      check: (settings) =>
        programsOf(settings).flatMap(({ path, name, file }) =>
          unless(PROGRAM.test(name) && isProgram(file), {
            path,
            got: show(file),
            must: "be a file that begins with '#!'",
            fix: "name the file relative to the folder of cdktf.json",
          }),
        ),
    }),
    errorRule("RC522", {
      title: "The arguments of such a program are words",
      why: "They are stored in a file whose items are separated by spaces.",
      check: (settings) =>
        programsOf(settings).flatMap(({ path, programArguments }) =>
          programArguments.flatMap((argument) =>
            unless(isLate(argument) || WORD.test(argument), {
              path,
              got: show(argument),
              must: "have arguments without spaces",
              fix: "put such values into the program",
            }),
          ),
        ),
    }),
    errorRule("RC523", {
      title: "A store of secrets is a program",
      why: "A file holds one secret, and a store is asked for each by its id.",
      check: ({ secretStore }) =>
        unless(secretStore === undefined || secretStore.programPath !== undefined, {
          path: "backend.secretStore",
          got: show(secretStore?.programArguments[0]),
          must: "be a program that gets the id of a secret as its last argument",
          fix: "write SecretSource.program('vault.sh'), or name the file by SecretRef.hostFile(path)",
        }),
    }),
    errorRule("RC503", {
      title: "Programs have file names of their own",
      why: "They are put into one folder on the machine.",
      check: (settings) => {
        const owners = new Map(OWN_PROGRAMS.map((name) => [name, "a program of this library"]));
        return programsOf(settings).flatMap(({ path, name, file }) => {
          const owner = owners.get(name) ?? file;
          owners.set(name, owner);
          return unless(owner === file, {
            path,
            got: show(file),
            must: `have another file name than ${owner}`,
            fix: "rename the file",
          });
        });
      },
    }),
  ],
};

function isProgram(path: string): boolean {
  return (
    statSync(path, { throwIfNoEntry: false })?.isFile() === true &&
    readFileSync(path, "utf8").startsWith("#!")
  );
}
