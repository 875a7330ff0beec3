import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const LongestFirst = createRequire(__filename)("../../tools/longest-first.cjs");
const SUFFIX = ".e2e.test.ts";
const FOLDER = join(__dirname, "../../e2e");

describe("the order of test files", () => {
  it("places every end-to-end file, and none that is gone", () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith(SUFFIX));
    expect([...LongestFirst.END_TO_END].sort()).toEqual(
      files.map((file) => file.slice(0, -SUFFIX.length)).sort(),
    );
  });

  it("is the table's for end-to-end files, and Jest's own for the others", () => {
    const tests = ["e2e/prepare-hosts.e2e", "e2e/demo.e2e", "unit/a", "e2e/aws.e2e"].map((name) => ({
      path: `/test/${name}.test.ts`,
      context: { config: { id: "x", cacheDirectory: "/nowhere" }, hasteFS: { getSize: () => 1 } },
    }));
    const sorted: string[] = new LongestFirst({ contexts: [], globalConfig: {} })
      .sort(tests)
      .map(({ path }: { path: string }) => path);
    expect(sorted.map((path) => path.slice("/test/".length, -".test.ts".length))).toEqual([
      ...["e2e/aws.e2e", "e2e/demo.e2e", "e2e/prepare-hosts.e2e", "unit/a"],
    ]);
  });
});
