import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageInputsHash } from "../../../../lib/docker/images/image-inputs";

describe("imageInputsHash", () => {
  let folder: string;
  const hash = (facts = "facts"): string => imageInputsHash(facts, folder);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ray-cluster-inputs-"));
    mkdirSync(join(folder, "below"));
    writeFileSync(join(folder, "a"), "one");
    writeFileSync(join(folder, "below", "b"), "two");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("changes with the facts", () => {
    expect(hash()).toBe(hash());
    expect(hash("others")).not.toBe(hash());
  });

  it.each([
    ["a file's text", () => writeFileSync(join(folder, "below", "b"), "three")],
    ["a file's name", () => renameSync(join(folder, "below", "b"), join(folder, "below", "c"))],
    ["a file's folder", () => renameSync(join(folder, "below", "b"), join(folder, "b"))],
    ["a further file", () => writeFileSync(join(folder, "c"), "")],
  ])("changes with %s", (_what, change) => {
    const before = hash();
    change();
    expect(hash()).not.toBe(before);
  });

  it("does not change with a document, nor with what Python leaves behind", () => {
    const before = hash();
    writeFileSync(join(folder, "below", "README.md"), "about it");
    mkdirSync(join(folder, "below", "__pycache__"));
    writeFileSync(join(folder, "below", "__pycache__", "b.pyc"), "code");
    expect(hash()).toBe(before);
  });
});
