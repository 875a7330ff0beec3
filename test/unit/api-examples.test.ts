import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import * as publicApi from "../../lib";
import { compileExamples } from "../support/examples";

const LIB = resolve(__dirname, "../../lib");

/** The examples in the docstrings of classes, by class. */
function examplesByClass(): ReadonlyMap<string, string> {
  const files = readdirSync(LIB, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  return new Map(files.flatMap((file) => examplesIn(join(LIB, file))));
}

function examplesIn(file: string): readonly (readonly [string, string])[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isClassDeclaration).flatMap((declaration) =>
    ts
      .getJSDocTags(declaration)
      .filter(({ tagName }) => tagName.text === "example")
      .map(({ comment }) => [declaration.name?.text ?? "", ts.getTextOfJSDocComment(comment) ?? ""] as const),
  );
}

const CLASSES = Object.entries(publicApi).flatMap(([name, value]) =>
  typeof value === "function" ? [name] : [],
);

describe("the examples of the exported classes", () => {
  const examples = examplesByClass();
  const messages = compileExamples(CLASSES.map((name) => examples.get(name) ?? ""));

  it("are there for every class", () => {
    expect(CLASSES.length).toBeGreaterThan(35);
    expect(CLASSES.filter((name) => !examples.get(name)?.trim())).toEqual([]);
  });

  it.each(CLASSES.map((name, index) => [name, index] as const))("compile: %s", (_, index) => {
    expect(messages[index]).toEqual([]);
  });
});
