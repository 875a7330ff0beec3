import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SUFFIX = ".e2e.test.ts";

/** The table of `test/e2e/README.md`: each file with the comment it begins with. */
export function endToEndTable(folder: string): string {
  const rows = readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .sort()
    .map((file) => [
      file.slice(0, -SUFFIX.length),
      firstComment(readFileSync(join(folder, file), "utf8"), file),
    ]);
  return [
    "| file | what it proves |",
    "|---|---|",
    ...rows.map(([name, text]) => `| \`${name}\` | ${text} |`),
  ].join("\n");
}

function firstComment(text: string, file: string): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1];
  if (comment === undefined) {
    throw new Error(`${file} does not begin with a comment that says what it proves`);
  }
  return comment
    .replace(/\s*\n \* ?/g, " ")
    .replaceAll("|", "\\|")
    .trim();
}
