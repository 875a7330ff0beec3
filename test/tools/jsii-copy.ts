import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { ROOT } from "./program";

/** Exports that no other language can have: jsii knows no subclass of `Error`. */
const ONLY_HERE: readonly string[] = ["PlanError"];

/** As `tsconfig.build.json`, but for what is `any` here; jsii's own have neither `esModuleInterop` nor today's library. */
const COMPILER_OPTIONS = {
  target: "ES2022",
  lib: ["es2022"],
  module: "node16",
  moduleResolution: "node16",
  strict: true,
  noImplicitAny: false,
  resolveJsonModule: true,
  esModuleInterop: true,
  declaration: true,
  skipLibCheck: true,
  types: ["node"],
  noEmitOnError: true,
  outDir: "out",
  rootDir: ".",
};

/** A copy of the library that jsii compiles, in an empty folder. */
export function copyForJsii(folder: string): void {
  mkdirSync(join(folder, "lib"), { recursive: true });
  const files = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => /\.(ts|json)$/.test(name) && !name.startsWith("cli/"))) {
    const path = join("lib", file);
    const text = readFileSync(join(ROOT, path), "utf8");
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), file.endsWith(".ts") ? asJsiiReads(text) : text);
  }
  for (const file of ["README.md", "LICENSE"]) {
    cpSync(join(ROOT, file), join(folder, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest()));
  const settings = { compilerOptions: COMPILER_OPTIONS, include: ["lib"], exclude: ["node_modules"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
}

/**
 * The same module in jsii's words: lists are `T[]`, since jsii knows no `ReadonlyArray` and a property is read-only anyway;
 * a property that may be `null` is `any`, since a value that is absent is `undefined` in other languages; and without `ONLY_HERE`.
 */
export function asJsiiReads(text: string): string {
  const source = ts.createSourceFile("module.ts", text, ts.ScriptTarget.Latest, true);
  const cuts: (readonly [from: number, to: number, instead: string])[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isUnionTypeNode(node) && node.types.some(isNull) && isOfProperty(node)) {
      cuts.push([node.getStart(), node.end, "any"]);
      return;
    }
    if (ts.isTypeOperatorNode(node) && node.operator === ts.SyntaxKind.ReadonlyKeyword) {
      cuts.push([node.getStart(), node.type.getStart(), ""]);
    }
    if (ts.isExportSpecifier(node) && ONLY_HERE.includes(node.name.text)) {
      cuts.push([node.getStart(), node.end, ""]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return cuts.reduceRight(
    (rest, [from, to, instead]) => rest.slice(0, from) + instead + rest.slice(to),
    text,
  );
}

function isOfProperty({ parent }: ts.Node): boolean {
  return ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent);
}

function isNull(type: ts.TypeNode): boolean {
  return ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword;
}

/** What jsii wants to know besides; it publishes nothing. */
function manifest(): object {
  const { name, version, description, license, dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  ) as { readonly [key: string]: object };
  return {
    name,
    version,
    description,
    license,
    dependencies,
    peerDependencies,
    bundledDependencies: Object.keys(dependencies),
    author: { name: "The authors of cdktf-ray-cluster", email: "nobody@example.org" },
    repository: { type: "git", url: "https://example.org/cdktf-ray-cluster.git" },
    main: "out/lib/index.js",
    types: "out/lib/index.d.ts",
    jsii: { targets: {}, tsc: { outDir: "out", rootDir: "." } },
  };
}
