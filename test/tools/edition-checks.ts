import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Progress } from "../../lib/cli/base/progress";
import { CdktnConsumer, PACKAGE_CASES } from "./cdktn-consumer";
import { copyForCdktn } from "./cdktn-copy";
import { buildEdition, packEdition } from "./cdktn-package";
import { type Check, type Counts, type Show, single } from "./check";
import { providerEnvironment } from "./jest-checks";
import { copyForJsii } from "./jsii-copy";
import { ROOT, runPackage, runShown } from "./program";

/** Every exported member has a docstring, and the pages of the API are made of them. */
export const apiPages: Check = {
  name: "api",
  title: "TypeDoc, the pages of the API",
  run: async (show) => single((await runPackage(show, "typedoc")).exitCode === 0),
};

/** The public surface in other languages, judged by jsii itself. */
export const jsii: Check = {
  name: "jsii",
  title: "jsii, the public API in other languages",
  run: (show) => inFolder("ray-cluster-jsii-", (folder) => compileWithJsii(show, folder)),
};

async function compileWithJsii(show: Show, folder: string) {
  copyForJsii(folder);
  const program = join(ROOT, "node_modules", ".bin", "jsii");
  const words = ["--tsconfig", "tsconfig.json", "--validate-tsconfig", "off", "--no-fix-peer-dependencies"];
  const silent = ["--silence-warnings", "reserved-word"];
  const { exitCode } = await runShown(show, program, [...words, ...silent], { cwd: folder });
  return single(exitCode === 0);
}

/**
 * The same sources with CDK Terrain in place of CDKTF: they compile, every stack of the app is the same, and the package that is
 * made of them works in an app of somebody else.
 */
export const cdktn: Check = {
  name: "cdktn",
  title: "the edition for CDK Terrain: types, the JSON of every stack, the package",
  run: (show) => inFolder("ray-cluster-cdktn-", (folder) => compareWithCdktn(show, folder)),
};

async function compareWithCdktn(show: Show, folder: string): Promise<Counts> {
  const copy = join(folder, "copy");
  mkdirSync(copy);
  await copyForCdktn(copy, await providerEnvironment(show), new Progress(show));
  const compiled = await buildEdition(show, copy);
  if (compiled.exitCode !== 0) {
    return single(false);
  }
  const [ours, theirs] = [
    await synthesized(show, join(ROOT, "main.ts"), folder, "cdktf"),
    await synthesized(show, join(copy, "dist/main.js"), folder, "cdktn"),
  ];
  const names = [...new Set([...ours.keys(), ...theirs.keys()])];
  const differing = names.filter((name) => ours.get(name) !== theirs.get(name));
  differing.forEach((name) => show(`${name} is another file with CDK Terrain`));
  show(`${names.length} files compared`);
  const failures = [
    ...differing,
    ...(await failuresOfPackage(show, await packEdition(copy, folder), folder)),
  ];
  const passed = names.length + PACKAGE_CASES.length - failures.length;
  return { passed, failed: failures.length, skipped: 0, failures };
}

/** What does not work of a tarball in a project of somebody else. */
async function failuresOfPackage(show: Show, tarball: string, folder: string): Promise<readonly string[]> {
  const project = join(folder, "project");
  mkdirSync(project);
  const consumer = await CdktnConsumer.installed(project, tarball, show);
  const failures: string[] = [];
  for (const { name, holds } of PACKAGE_CASES) {
    if (!(await holds(consumer))) {
      failures.push(`the package: ${name}`);
    }
  }
  return failures;
}

/** Every file that an app writes. */
async function synthesized(
  show: Show,
  program: string,
  folder: string,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const output = join(folder, name);
  const { context } = JSON.parse(readFileSync(join(ROOT, "cdktf.json"), "utf8")) as {
    readonly context: object;
  };
  const words = ["-r", join(__dirname, "register.cjs"), program];
  const environment = { CDKTF_OUTDIR: output, CDKTF_CONTEXT_JSON: JSON.stringify(context) };
  const { exitCode } = await runShown(show, process.execPath, words, { environment });
  if (exitCode !== 0) {
    throw new Error(`the app with ${name} does not synthesize`);
  }
  const files = readdirSync(output, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return new Map(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      const text = readFileSync(path, "utf8");
      return [
        path.slice(output.length),
        OF_LIBRARY.includes(file.name) ? withoutLibrary(text) : text,
      ] as const;
    }),
  );
}

/** JSON of CDKTF without its own version and without the addresses of providers, which CDK Terrain spells in full. */
function withoutLibrary(text: string): string {
  const written = JSON.parse(text) as object;
  return JSON.stringify({ ...written, version: undefined }, (key, value: unknown) => {
    if (key === "metadata") {
      return { ...(value as object), version: undefined };
    }
    // Where a warning was given names files of the app's own folder.
    const isOfFolder = key === "stacktrace";
    return key === "required_providers" ? withoutSources(value as Sources) : isOfFolder ? undefined : value;
  });
}

function withoutSources(providers: Sources): object {
  return Object.fromEntries(
    Object.entries(providers).map(([name, provider]) => [name, { ...provider, source: undefined }]),
  );
}

interface Sources {
  readonly [provider: string]: object;
}

/** What CDKTF itself writes; everything else is ours. */
const OF_LIBRARY: readonly string[] = ["cdk.tf.json", "manifest.json"];

async function inFolder<T>(prefix: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
