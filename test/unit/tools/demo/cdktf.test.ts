import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CdktfApp } from "../../../../tools/demo/cdktf";

describe("CdktfApp", () => {
  const root = mkdtempSync(join(tmpdir(), "ray-cluster-clone-"));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  beforeEach(() => {
    write("cdktf.json", "{}");
    write("node_modules/cdktf-cli/bundle/bin/cdktf", "");
    write("dist/main.js", 'require("fs").writeFileSync("context", process.env.CDKTF_CONTEXT_JSON);');
  });
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it.each([
    [{ app: "x", context: { inventory: { a: "b.yaml" } } }, { inventory: { a: "b.yaml" } }],
    [{ app: "x" }, {}],
  ])("synthesizes in the clone with the context of %j", async (settings, context) => {
    write("cdktf.json", JSON.stringify(settings));
    await new CdktfApp(root).synthesize();
    expect(JSON.parse(readFileSync(join(root, "context"), "utf8"))).toEqual(context);
  });

  it("fails with what the app says", async () => {
    write("dist/main.js", 'throw new Error("no such stack");');
    await expect(new CdktfApp(root).synthesize()).rejects.toThrow("no such stack");
  });

  it("says where it must run", () => {
    rmSync(join(root, "cdktf.json"));
    expect(() => new CdktfApp(root)).toThrow("holds no CDKTF app with cdktf-cli installed");
  });
});
