import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { attach, howItEnded, lastLines, run, runOrFail } from "../../../../lib/cli/base/process";

const NODE = process.execPath;
const ROOT = join(__dirname, "../../../..");

describe("run", () => {
  it("gives both outputs and the exit code, and every line as it comes", async () => {
    const lines: string[] = [];
    const outcome = await run(NODE, ["-e", "console.log('a\\nb'); console.error('c'); process.exit(3)"], {
      onLine: (line) => lines.push(line),
    });
    expect(outcome).toEqual({
      exitCode: 3,
      signal: undefined,
      stdout: "a\nb",
      stderr: "c",
      missing: false,
      timedOut: false,
      overflowed: false,
    });
    expect(lines.sort()).toEqual(["a", "b", "c"]);
  });

  it("says that a program is missing", async () => {
    expect(await run("no-such-program-here", [])).toMatchObject({ missing: true, exitCode: undefined });
  });

  it("ends a program that takes too long", async () => {
    const startedAt = Date.now();
    const outcome = await run(NODE, ["-e", "setTimeout(() => {}, 60000)"], { timeoutSeconds: 0.3 });
    expect(outcome).toMatchObject({ timedOut: true, exitCode: undefined, signal: "SIGTERM" });
    expect(Date.now() - startedAt).toBeLessThan(5000);
  });

  it.each([
    ["prints without an end", "for (;;) fs.writeSync(1, 'x'.repeat(999) + '\\n')", {}],
    ["prints a line without an end", "for (;;) fs.writeSync(1, 'x'.repeat(999))", { keptLines: 1 }],
  ])("ends a program that %s", async (_, script, options) => {
    const outcome = await run(NODE, ["-e", script], { ...options, maximumBytes: 100_000 });
    expect(outcome).toMatchObject({ overflowed: true, timedOut: false });
    expect(outcome.stdout.length).toBeLessThan(1_000_000);
    expect(howItEnded(outcome, { maximumBytes: 100_000 })).toMatch(/^printed more than 100000 bytes/);
  });

  it("lets a program print as many lines as it likes where only the last ones are kept", async () => {
    const script = "for (let i = 0; i < 3000; i += 1) console.log('x'.repeat(99))";
    const outcome = await run(NODE, ["-e", script], { keptLines: 2, maximumBytes: 100_000 });
    expect(outcome).toMatchObject({ exitCode: 0, overflowed: false });
  });

  it("ends a program when it is told to", async () => {
    const controller = new AbortController();
    const running = run(NODE, ["-e", "console.log('up'); setTimeout(() => {}, 60000)"], {
      signal: controller.signal,
      onLine: () => {
        controller.abort();
      },
    });
    expect(await running).toMatchObject({ timedOut: false, exitCode: undefined });
  });

  it("adds to the environment and removes from it", async () => {
    const print =
      "console.log(process.env.HOME === undefined, process.env.ADDED, process.env.PATH !== undefined)";
    const outcome = await run(NODE, ["-e", print], { environment: { HOME: undefined, ADDED: "x" } });
    expect(outcome.stdout).toBe("true x true");
  });

  it("gives no standard input", async () => {
    const read = "process.stdin.on('data', () => {}).on('end', () => console.log('end'))";
    expect((await run(NODE, ["-e", read], { timeoutSeconds: 10 })).stdout).toBe("end");
  });
});

describe("run of a program without end", () => {
  it("keeps the last lines, and gives all of them", async () => {
    const lines: string[] = [];
    const print = "for (let i = 0; i < 100; i += 1) console.log(i)";
    const { stdout } = await run(NODE, ["-e", print], { keptLines: 2, onLine: (line) => lines.push(line) });
    expect([stdout, lines.length]).toEqual(["98\n99", 100]);
  });

  it("keeps the standard input open where that is wanted", async () => {
    const wait =
      "process.stdin.on('end', () => process.exit(1)).resume(); setTimeout(() => process.exit(0), 500)";
    expect((await run(NODE, ["-e", wait], { keepsInputOpen: true })).exitCode).toBe(0);
    expect((await run(NODE, ["-e", wait])).exitCode).toBe(1);
  });
});

describe("attach", () => {
  it.each([
    ["its exit code", "process.exit(9)", 9],
    [
      "128 and the number of the signal that ended it",
      "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 9e3)",
      143,
    ],
  ])("gives of a program %s", async (_, program, code) => {
    expect(await attach(NODE, ["-e", program])).toBe(code);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "passes on a %s that no terminal sends to both",
    async (signal) => {
      const register = join(ROOT, "test/tools/register.cjs");
      const program = `process.on("${signal}", () => process.exit(5)); console.log("up"); setTimeout(() => {}, 2e4)`;
      const script = `require("./lib/cli/base/process.ts").attach(process.execPath, ["-e", ${JSON.stringify(program)}])
      .then((code) => process.exit(code))`;
      const child = spawn(NODE, ["-r", register, "-e", script], {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      child.kill(signal);
      expect(await once(child, "close")).toEqual([5, null]);
    },
    30_000,
  );

  it("names a program that is missing", async () => {
    await expect(attach("no-such-program-here", [])).rejects.toThrow("no-such-program-here is not installed");
  });
});

describe("runOrFail", () => {
  it("returns the standard output", async () => {
    expect(await runOrFail(NODE, ["-e", "console.log('x'); console.error('y')"])).toBe("x");
  });

  it.each([
    [
      "the exit code and the end of the output",
      [NODE, "-e", "console.error('why'); process.exit(2)"],
      /exit code 2\):\n {4}why/,
    ],
    ["a missing program", ["no-such-program-here"], /no-such-program-here is not installed/],
  ])("throws with %s", async (_, [program = "", ...args], message) => {
    await expect(runOrFail(program, args)).rejects.toThrow(message);
  });
});

describe("howItEnded", () => {
  const ended = {
    exitCode: undefined,
    signal: undefined,
    stdout: "",
    stderr: "",
    missing: false,
    timedOut: false,
    overflowed: false,
  };
  it.each([
    [{ ...ended, timedOut: true }, "took longer than 5 s"],
    [{ ...ended, missing: true }, "is not installed"],
    [{ ...ended, signal: "SIGKILL" as const }, "failed (SIGKILL)"],
    [{ ...ended, exitCode: 1, stdout: "a\n\nb" }, "failed (exit code 1):\n    a\n    b"],
  ])("%j", (outcome, text) => {
    expect(howItEnded(outcome, { timeoutSeconds: 5 })).toBe(text);
  });
});

it("lastLines leaves out empty lines and all but the last", () => {
  expect(lastLines("1\n\n2\n3\n \n", 2)).toBe("    2\n    3");
});
