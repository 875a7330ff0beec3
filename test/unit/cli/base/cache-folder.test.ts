import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { cached, cacheFolder, inputsKey } from "../../../../lib/cli/base/cache-folder";

describe("cacheFolder", () => {
  it.each([
    [{ XDG_CACHE_HOME: "/var/cache/me" }, "/var/cache/me/cdktf-ray-cluster"],
    [{ XDG_CACHE_HOME: "relative" }, join(homedir(), ".cache/cdktf-ray-cluster")],
    [{}, join(homedir(), ".cache/cdktf-ray-cluster")],
  ])("%j", (environment, folder) => {
    expect(cacheFolder(environment)).toBe(folder);
  });
});

describe("inputsKey", () => {
  it("is the same for the same inputs and another for others", () => {
    expect(inputsKey("a", "b")).toMatch(/^[0-9a-f]{12}$/);
    expect(inputsKey("a", "b")).toBe(inputsKey("a", "b"));
    expect(
      new Set([inputsKey("a", "b"), inputsKey("ab"), inputsKey("b", "a"), inputsKey("a", "c")]).size,
    ).toBe(4);
  });
});

describe("cached", () => {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-cache-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function make(text: string): (work: string) => Promise<string> {
    return (work) => {
      writeFileSync(join(work, "made"), text);
      return Promise.resolve(join(work, "made"));
    };
  }

  it("makes a thing once and leaves nothing else behind", async () => {
    const path = join(folder, "once", "thing");
    expect(await cached(path, make("first"))).toBe(path);
    await cached(path, () => Promise.reject(new Error("made again")));
    expect(readFileSync(path, "utf8")).toBe("first");
    expect(readdirSync(join(folder, "once"))).toEqual(["thing"]);
  });

  it("leaves nothing where making it fails, so that the next run makes it", async () => {
    const path = join(folder, "fails", "thing");
    const broken = cached(path, async (work) => {
      await make("half")(work);
      throw new Error("disk full");
    });
    await expect(broken).rejects.toThrow("disk full");
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(join(folder, "fails"))).toEqual([]);
    await cached(path, make("whole"));
    expect(readFileSync(path, "utf8")).toBe("whole");
  });

  it("keeps the first of two that are made at a time", async () => {
    const path = join(folder, "race", "thing");
    await cached(path, async (work) => {
      await cached(path, make("first"));
      return make("second")(work);
    });
    expect(readFileSync(path, "utf8")).toBe("first");
  });
});
