import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { programFiles } from "../../../lib/runtime/program-files";
import { CONTAINER_PATHS } from "../../../lib/runtime/paths";

const SOURCES = join(__dirname, "../../../lib/runtime");

/** Reads what is delivered from stdin, and says which files do not mean what their sources do, or have other lines. */
const COMPARE = `
import ast, json, pathlib, sys

def meaning(text):
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                first.value.value = ""
                first.end_lineno = first.value.end_lineno = first.lineno
                first.end_col_offset = first.value.end_col_offset = first.col_offset
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            node.end_lineno = node.end_col_offset = 0
    return ast.dump(tree, include_attributes=True)

for path, delivered in json.load(sys.stdin).items():
    source = pathlib.Path(sys.argv[1], path).read_text()
    if meaning(source) != meaning(delivered):
        print(path)
`;

test("the delivered program means what its sources do, line by line", () => {
  const files = programFiles().map(({ path, content }) => [
    path.replace(`${CONTAINER_PATHS.program}/`, ""),
    content,
  ]);
  const input = JSON.stringify(Object.fromEntries(files));
  expect(execFileSync("python3", ["-c", COMPARE, SOURCES], { input, encoding: "utf8" })).toBe("");
});

test("no comment and no docstring travels", () => {
  const text = programFiles()
    .map(({ content }) => content)
    .join("");
  expect(text).not.toMatch(/^\s*# /m);
  expect(text.match(/^\s*"""/gm) ?? []).toEqual([]);
  expect(text).not.toContain("__doc__");
});
