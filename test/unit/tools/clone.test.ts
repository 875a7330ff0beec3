import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engines } from "../../../package.json";
import { FakePrograms } from "../../support/fake-programs";

const PROGRAM = join(__dirname, "../../../tools/clone.cjs");

interface CloneModule {
  nodeFits(version: string, range: string): boolean;
}

describe("clone.cjs", () => {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- it is no TypeScript, on purpose
  const { nodeFits } = require(PROGRAM) as CloneModule;

  it.each([
    ["20.9.0", true],
    ["20.20.2", true],
    ["22.0.0", true],
    ["20.8.9", false],
    ["18.20.0", false],
    ["21.5.0", false],
    ["24.1.0", false],
  ])("Node %s fits: %s", (version, expected) => {
    expect(nodeFits(version, engines.node)).toBe(expected);
  });

  describe("in a clone", () => {
    let clone: string;
    let host: FakePrograms;

    beforeEach(() => {
      clone = mkdtempSync(join(tmpdir(), "ray-cluster-clone-"));
      host = new FakePrograms({ npm: ["*|0|"] });
      write("package.json", JSON.stringify({ engines }));
      lockFiles("1.0.0", "1.0.0");
      for (const file of ["main.ts", "tsconfig.json", "tsconfig.build.json", "stacks/a.ts", "lib/x.ts"]) {
        write(file, "");
      }
      write("dist/tools/main.js", "console.log('runs with', process.argv.slice(2).join(' '))");
      mkdirSync(join(clone, "tools"), { recursive: true });
      cpSync(PROGRAM, join(clone, "tools/clone.cjs"));
      touch("dist/tools/main.js", 10);
    });
    afterEach(() => {
      host.restore();
      rmSync(clone, { recursive: true, force: true });
    });

    function write(file: string, text: string): void {
      mkdirSync(join(clone, file, ".."), { recursive: true });
      writeFileSync(join(clone, file), text);
    }

    function lockFiles(wanted: string, installed: string): void {
      const lock = (version: string): string =>
        JSON.stringify({
          packages: { "": {}, "node_modules/a": { version }, "node_modules/b": { optional: true } },
        });
      write("package-lock.json", lock(wanted));
      write("node_modules/.package-lock.json", lock(installed));
    }

    /** Sets a file's time to so many seconds from now. */
    function touch(file: string, seconds: number): void {
      const time = Date.now() / 1000 + seconds;
      utimesSync(join(clone, file), time, time);
    }

    function start(...args: readonly string[]): string {
      return execFileSync(process.execPath, [join(clone, "tools/clone.cjs"), ...args], {
        encoding: "utf8",
        env: { ...process.env },
      });
    }

    it("runs the command at once where everything is there", () => {
      expect(start("demo", "local-4x8")).toBe("runs with demo local-4x8\n");
      expect(host.calls()).toEqual([]);
    });

    it("installs the packages where there are none", () => {
      rmSync(join(clone, "node_modules"), { recursive: true });
      start("demo");
      expect(host.calls()).toEqual(["npm ci --ignore-scripts --include=dev --no-audit --no-fund"]);
    });

    it("installs them again where the lock file asks for others", () => {
      lockFiles("2.0.0", "1.0.0");
      start("demo");
      expect(host.calls()).toHaveLength(1);
    });

    it("compiles where a source is newer than the program", () => {
      touch("lib/x.ts", 20);
      expect(start("demo")).toContain("compiling\n");
      expect(host.calls()).toEqual(["npm run --silent build"]);
    });

    it("compiles nothing when only the packages are wanted", () => {
      touch("lib/x.ts", 20);
      expect(start("--packages-only")).toBe("");
      expect(host.calls()).toEqual([]);
    });

    it("says which Node it wants, and does nothing else", () => {
      write("package.json", JSON.stringify({ engines: { node: "^3.0.0" } }));
      rmSync(join(clone, "node_modules"), { recursive: true });
      const { status, stderr } = spawnSync(process.execPath, [join(clone, "tools/clone.cjs"), "demo"], {
        encoding: "utf8",
        env: { ...process.env },
      });
      expect(status).toBe(1);
      expect(stderr).toBe(
        `cdktf-ray-cluster: this project runs on Node ^3.0.0, this is Node ${process.versions.node}: nodejs.org/download\n`,
      );
      expect(host.calls()).toEqual([]);
    });
  });
});
