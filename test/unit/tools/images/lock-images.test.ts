import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockedImages, lockImages } from "../../../../tools/images/lock-images";
import { FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../../cli/said";

const ROOT = join(__dirname, "../../../..");

/** `name==version` of each entry, and its hashes. */
function entries(lock: string): readonly (readonly [pin: string, hashes: readonly string[]])[] {
  return lock
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [pin, ...words] = line.split(/\s+/);
      return [pin, words] as const;
    });
}

describe.each(lockedImages())("packages.lock in $folder", ({ folder, pins, packages }) => {
  const text = (name: string) => readFileSync(join(ROOT, folder, name), "utf8");
  const locked = entries(text("packages.lock"));

  it("has what the pins and the catalogue name, and nothing else", () => {
    const pinned = text(pins)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(locked.map(([pin]) => pin).sort()).toEqual([...pinned, ...packages].sort());
  });

  it("has hashes of each, and nothing but hashes", () => {
    const wrong = locked.filter(
      ([, hashes]) =>
        hashes.length === 0 || !hashes.every((hash) => /^--hash=sha256:[0-9a-f]{64}$/.test(hash)),
    );
    expect(wrong).toEqual([]);
  });
});

test("lockImages asks uv for hashes of the same versions, by the pins and the catalogue", async () => {
  const root = mkdtempSync(join(tmpdir(), "lock-"));
  const fakes = new FakePrograms({ uv: ["*|0|"] });
  try {
    for (const { folder, pins } of lockedImages()) {
      mkdirSync(join(root, folder), { recursive: true });
      cpSync(join(ROOT, folder, pins), join(root, folder, pins));
    }
    await lockImages(root, recorded().progress);
    expect(fakes.calls()).toEqual(
      lockedImages().map(({ folder }) =>
        expect.stringMatching(
          `^uv pip compile --quiet --no-deps --generate-hashes .* --only-binary :all: --python-version 3.11 .*--output-file ${join(root, folder, "packages.lock")} -$`,
        ),
      ),
    );
  } finally {
    fakes.restore();
    rmSync(root, { recursive: true });
  }
});
