import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outputFolder } from "../../../../lib/cli/base/output-folder";

describe("the folder that cdktf writes", () => {
  const project = mkdtempSync(join(tmpdir(), "output-folder-"));

  afterAll(() => {
    rmSync(project, { recursive: true });
  });

  it.each([
    [undefined, "cdktf.out"],
    [{}, "cdktf.out"],
    [{ output: "tfout" }, "tfout"],
  ])("is with %j %s", (content, folder) => {
    if (content !== undefined) {
      writeFileSync(join(project, "cdktf.json"), JSON.stringify(content));
    }
    expect(outputFolder(project)).toBe(join(project, folder));
  });

  it("is that of the current folder by default", () => {
    expect(outputFolder()).toBe("cdktf.out");
  });
});
