import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REGISTER = join(__dirname, "../../tools/register.cjs");
const RUN = join(__dirname, "../../tools/run.ts");

/** `npm test` itself, on a machine with nothing but Node. */
describe("npm test", () => {
  const empty = mkdtempSync(join(tmpdir(), "ray-cluster-empty-"));
  afterAll(() => {
    rmSync(empty, { recursive: true, force: true });
  });

  function npmTest(args: readonly string[], environment: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
    return spawnSync(process.execPath, ["-r", REGISTER, RUN, ...args], {
      encoding: "utf8",
      env: { PATH: empty, HOME: empty, ...environment },
    });
  }

  it("lists its checks", () => {
    const { status, stdout } = npmTest(["--help"]);
    expect(status).toBe(0);
    expect(stdout.match(/^ {2}\w+/gm)?.map((name) => name.trim())).toEqual(
      "build eslint prettier types unit ruff mypy imports shellcheck bats terraform python e2e".split(" "),
    );
  });

  it("refuses a check that it does not have", () => {
    const { status, stderr } = npmTest(["--only", "unit,nope"]);
    expect(status).toBe(1);
    expect(stderr).toContain("no check is named nope");
  });

  it("says what the machine lacks, and that is no failure", () => {
    const { status, stdout } = npmTest(["--only", "ruff,shellcheck,bats,terraform,e2e"]);
    expect(stdout.match(/^skipped: .*$/gm)).toEqual([
      "skipped: no Python 3.10 or newer",
      "skipped: no shellcheck",
      "skipped: no bats",
      "skipped: terraform is not installed",
      "skipped: no Docker daemon",
    ]);
    expect(stdout).toMatch(/\n0 passed, 0 failed\n$/);
    expect(status).toBe(0);
  });

  it("fails in CI where anything is skipped", () => {
    const { status, stdout } = npmTest(["--only", "shellcheck,bats"], { CI: "true" });
    expect(stdout).toMatch(/\n0 passed, 2 failed\n$/);
    expect(status).toBe(1);
  });
});
