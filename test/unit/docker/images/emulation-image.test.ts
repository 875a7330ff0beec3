import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rayVersionOf } from "../../../../lib/catalog/ray-versions";
import {
  EMULATION_FOLDER,
  emulationImage,
  emulationImageTag,
} from "../../../../lib/docker/images/emulation-image";

describe("emulationImage", () => {
  it("names the pinned Ray and a hash over the inputs", () => {
    expect(emulationImage().reference).toMatch(
      /^cdktf-ray-cluster\/emulation:ray\d+\.\d+\.\d+-[0-9a-f]{12}$/,
    );
    expect(emulationImage().rayVersion).toBe(rayVersionOf("emulation"));
    expect(emulationImage().allowFloatingTag).toBe(false);
  });
});

describe("emulationImageTag", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ray-cluster-emulation-"));
    cpSync(EMULATION_FOLDER, folder, { recursive: true });
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("is the same for the same inputs, wherever they lie", () => {
    expect(emulationImageTag(undefined, folder)).toBe(emulationImageTag());
  });

  it("changes with every input", () => {
    const inputs = readdirSync(folder);
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) {
      const before = emulationImageTag(undefined, folder);
      writeFileSync(join(folder, input), "\n", { flag: "a" });
      expect(emulationImageTag(undefined, folder)).not.toBe(before);
    }
  });

  it("changes with the Ray version", () => {
    expect(emulationImageTag("2.47.1")).toMatch(/:ray2\.47\.1-[0-9a-f]{12}$/);
    expect(emulationImageTag("2.47.1").slice(-12)).not.toBe(emulationImageTag().slice(-12));
  });

  it("changes with a further input, and not with a document", () => {
    const before = emulationImageTag(undefined, folder);
    writeFileSync(join(folder, "README.md"), "about this image\n");
    expect(emulationImageTag(undefined, folder)).toBe(before);
    writeFileSync(join(folder, "more.txt"), "");
    expect(emulationImageTag(undefined, folder)).not.toBe(before);
  });
});
