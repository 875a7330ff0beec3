import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import * as publicApi from "../../lib";

const ROOT = resolve(__dirname, "../..");
/** Where the examples pretend to be. */
const FOLDER = join(ROOT, "test", "unit");
/** What examples may use besides our own names. */
const FURTHER_IMPORTS = [
  'import { App, Fn, TerraformOutput, TerraformResource, TerraformStack } from "cdktf";',
  'import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";',
  'import { AwsProvider } from "@cdktf/provider-aws/lib/provider";',
  'import { DockerProvider } from "@cdktf/provider-docker/lib/provider";',
  'import type { Construct } from "constructs";',
  `import type { ${[
    "ClusterDeclaration",
    "ClusterEndpoint",
    "ClusterPlan",
    "EngineContext",
    "EngineSpec",
    "IAwsStorage",
    "IClusterRule",
    "IClusterSite",
    "IEngine",
    "Problem",
  ].join(", ")} } from "../../lib";`,
];

/** The examples of a page in TypeScript, each with the line it begins in. */
export function examplesOf(file: string): readonly { readonly line: number; readonly code: string }[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[1] ?? "",
  }));
}

/** What the compiler says of each example: statements in the constructor of a stack where all public names are imported. */
export function compileExamples(examples: readonly string[]): readonly (readonly string[])[] {
  const files = new Map(examples.map((code, index) => [join(FOLDER, `example-${index}.ts`), moduleOf(code)]));
  const program = programOf(files);
  return [...files.keys()].map((file) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " ")),
  );
}

function moduleOf(code: string): string {
  return [
    ...FURTHER_IMPORTS,
    `import { ${Object.keys(publicApi).join(", ")} } from "../../lib";`,
    "export class Example extends TerraformStack {",
    "  public constructor(scope: Construct, id: string) {",
    "    super(scope, id);",
    code,
    "  }",
    "}",
  ].join("\n");
}

function programOf(files: ReadonlyMap<string, string>): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  // An example may declare what it does not use, and imports more than it needs.
  const lenient = { noEmit: true, noUnusedLocals: false, noUnusedParameters: false };
  const all = { ...options, ...lenient, types: ["node"] };
  const host = ts.createCompilerHost(all);
  const { readFile, fileExists } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  return ts.createProgram([...files.keys()], all, host);
}
