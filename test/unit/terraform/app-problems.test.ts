import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import {
  Accelerator,
  EmulatedServe,
  Fabric,
  LocalBackend,
  PlanError,
  RayCluster,
  type RayClusterProps,
} from "../../../lib";
import type { Problem } from "../../../lib/problems/problem";
import { checkAtSynth, reportProblems, throwProblems } from "../../../lib/terraform/app-problems";

let outdir: string;
let app: App;
beforeEach(() => {
  outdir = mkdtempSync(join(tmpdir(), "app-problems-"));
  app = new App({ outdir });
});
afterEach(() => {
  rmSync(outdir, { recursive: true, force: true });
});

const problem = (path: string, level: Problem["level"] = "error"): Problem => ({
  rule: "RC999",
  level,
  path,
  got: "0",
  ...(level === "error" ? { must: "be 1" } : { consequence: "is slow" }),
  fix: "use 1",
});

function synthError(): Error {
  try {
    app.synth();
  } catch (error) {
    return error as Error;
  }
  throw new Error("the app was synthesized");
}

/** Stacks that were written. */
function written(): string[] {
  const folder = join(outdir, "stacks");
  return existsSync(folder)
    ? readdirSync(folder).filter((stack) => existsSync(join(folder, stack, "cdk.tf.json")))
    : [];
}

describe("an app with mistakes in constructs of two stacks", () => {
  const cluster = (stack: TerraformStack, id: string, change: Partial<RayClusterProps>) =>
    new RayCluster(stack, id, {
      backend: new LocalBackend(),
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU }],
      fabric: Fabric.TCP,
      image: LocalBackend.emulationImage(),
      engine: new EmulatedServe(),
      ...change,
    });

  test("fails once with all of them, and writes no stack", () => {
    new TerraformStack(app, "empty");
    const first = new TerraformStack(app, "first");
    const second = new TerraformStack(app, "second");
    cluster(first, "one", {
      pools: [{ name: "npu", nodes: 0, accelerator: Accelerator.of("emulated-npus") }],
      fabric: Fabric.of("infinibnad"),
    });
    cluster(second, "good", {});
    cluster(second, "two", { stopTimeoutSeconds: 0, environment: { HF_TOKEN: "x" } });
    const error = synthError();
    expect(error).toBeInstanceOf(PlanError);
    expect((error as PlanError).problems.map(({ construct, path, rule }) => [construct, path, rule])).toEqual(
      [
        ["first/one", "fabric", "RC090"],
        ["first/one", "pools[0].accelerator", "RC013"],
        ["first/one", "pools[0].nodes", "RC011"],
        ["second/two", "environment.HF_TOKEN", "RC047"],
        ["second/two", "stopTimeoutSeconds", "RC080"],
      ],
    );
    const lines = error.message.split("\n");
    expect(lines[0]).toBe("5 problems in 5 places; nothing was written");
    expect(lines).toHaveLength(6);
    expect(lines[1]).toBe(
      "  first/one fabric [RC090]: got 'infinibnad', but must be 'efa', 'infiniband', 'roce' or 'tcp'. Did you mean 'infiniband'?",
    );
    expect(written()).toEqual([]);
  });

  test("writes all stacks when there is none", () => {
    cluster(new TerraformStack(app, "first"), "one", {});
    new TerraformStack(app, "second");
    app.synth();
    expect(written()).toEqual(["first", "second"]);
  });

  test("gives no plan of the cluster with the mistake", () => {
    const broken = cluster(new TerraformStack(app, "first"), "one", { stopTimeoutSeconds: 0 });
    expect(() => broken.plan).toThrow(PlanError);
  });
});

describe("reportProblems", () => {
  test("allows a build without errors, and annotates warnings", () => {
    const stack = new TerraformStack(app, "stack");
    expect(reportProblems(stack, [problem("a", "warning")])).toBe(true);
    expect(stack.node.metadata.map(({ type, data }) => [type, data])).toEqual([
      ["@cdktf/warn", "a [RC999]: 0 is slow. Use 1."],
    ]);
    app.synth();
    expect(written()).toEqual(["stack"]);
  });

  test("forbids a build with an error, also where the caller skips validations", () => {
    const stack = new TerraformStack(app, "stack");
    expect(reportProblems(stack, [problem("a"), problem("b", "warning")])).toBe(false);
    const skipping = new App({ outdir, skipValidation: true });
    reportProblems(new TerraformStack(skipping, "skipping"), [problem("c")]);
    expect(() => {
      skipping.synth();
    }).toThrow("skipping c [RC999]");
    expect(synthError().message).not.toContain("skipping");
    expect(written()).toEqual([]);
  });
});

test("checkAtSynth judges what was declared after it, together with what was reported before", () => {
  const stack = new TerraformStack(app, "stack");
  let declared = false;
  checkAtSynth(stack, () => (declared ? [problem("late")] : []));
  reportProblems(stack, [problem("early")]);
  declared = true;
  expect((synthError() as PlanError).problems.map(({ path }) => path)).toEqual(["early", "late"]);
});

test("throwProblems throws only where an error was reported", () => {
  const stack = new TerraformStack(app, "stack");
  reportProblems(stack, [problem("a", "warning")]);
  expect(() => {
    throwProblems(stack);
  }).not.toThrow();
  reportProblems(stack, [problem("a")]);
  expect(() => {
    throwProblems(stack);
  }).toThrow(PlanError);
});
