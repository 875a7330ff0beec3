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
    expect(stdout.match(/^ {2}[\w-]+/gm)?.map((name) => name.trim())).toEqual(
      (
        "build eslint prettier types api jsii cdktn unit ruff mypy imports shellcheck bats terraform python attacks " +
        "e2e-late e2e e2e-alone"
      ).split(" "),
    );
  });

  it("refuses a check that it does not have", () => {
    const { status, stderr } = npmTest(["--only", "unit,nope"]);
    expect(status).toBe(1);
    expect(stderr).toContain("no check is named nope");
  });

  it("says what the machine lacks, and whose line it is where checks run side by side, and that is no failure", () => {
    const { status, stdout } = npmTest(["--only", "ruff,shellcheck,bats,terraform,e2e"]);
    expect(
      stdout
        .match(/^.* skipped: .*$/gm)
        ?.filter((line) => line.includes("|"))
        .sort(),
    ).toEqual([
      "bats       | skipped: no bats",
      "e2e        | skipped: no Docker daemon",
      "ruff       | skipped: no Python 3.10 or newer",
      "shellcheck | skipped: no shellcheck",
      "terraform  | skipped: terraform is not installed",
    ]);
    // The table at the end has the order of the help.
    expect(
      stdout.match(/^(ruff|shellcheck|bats|terraform|e2e) +0 +0 /gm)?.map((row) => row.split(" ")[0]),
    ).toEqual(["ruff", "shellcheck", "bats", "terraform", "e2e"]);
    expect(stdout).toMatch(/\n0 passed, 0 failed\n$/);
    expect(status).toBe(0);
  });

  it("does not prefix lines of checks that run alone", () => {
    expect(npmTest(["--only", "shellcheck,bats"]).stdout).toContain("\nskipped: no shellcheck\n");
  });

  it("fails in CI where anything is skipped", () => {
    const { status, stdout } = npmTest(["--only", "shellcheck,bats"], { CI: "true" });
    expect(stdout).toMatch(/\n0 passed, 2 failed\n$/);
    expect(status).toBe(1);
  });
});
