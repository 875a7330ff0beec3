import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { contextOf } from "../support/systems";

const on = (accelerator: Accelerator, nodes = 2, perNode = 8) => contextOf({ accelerator, nodes, perNode });
const GPUS = on(Accelerator.A100_80GB);
const NPUS = on(Accelerator.ASCEND_910B_64GB);
const MODEL = { modelPath: "/models/internlm" };
const text = (argv: readonly string[]) => argv.join(" ");

test("LmdeployServe runs one server on the head with ranks on all accelerators", () => {
  const spec = new LmdeployServe(MODEL).bind(GPUS);
  expect(text(spec.argv)).toBe(
    "lmdeploy serve api_server /models/internlm --model-name internlm --backend pytorch --tp 16 " +
      "--server-name 10.20.0.1 --server-port 23333",
  );
  expect(spec).toMatchObject({
    name: "lmdeploy",
    api: { port: 23333 },
    parallelism: { tensor: 16, pipeline: 1, data: 1 },
    clusterEnvironment: { HF_HUB_OFFLINE: "1" },
    problems: [],
  });
  expect(spec.follower).toBeUndefined();
});

test("LmdeployServe plans the port of the head at which its ranks meet", () => {
  const spec = new LmdeployServe({ ...MODEL, masterPort: 30000 }).bind(GPUS);
  expect(spec.environment).toEqual({
    LMDEPLOY_DIST_MASTER_ADDR: "10.20.0.1",
    LMDEPLOY_DIST_MASTER_PORT: "30000",
    LMDEPLOY_EXECUTOR_BACKEND: "ray",
  });
  expect(spec.ports).toEqual([{ name: "lmdeploy-master", from: 30000, to: 30000, where: "head" }]);
  // Without it LMDeploy takes the address of Ray's control store, which is the head's too.
  const unknown = new LmdeployServe(MODEL).bind({ ...GPUS, headAddress: undefined });
  expect(unknown.environment).not.toHaveProperty("LMDEPLOY_DIST_MASTER_ADDR");
});

test("LmdeployServe on Ascend sets the device and tunes HCCL across nodes", () => {
  const spec = new LmdeployServe(MODEL).bind(NPUS);
  expect(text(spec.argv)).toContain("--backend pytorch --device ascend --eager-mode --tp 16");
  expect(spec.clusterEnvironment).toEqual({
    HCCL_BUFFSIZE: "2048",
    HCCL_CONNECT_TIMEOUT: "7200",
    HCCL_OP_EXPANSION_MODE: "AIV",
    HF_HUB_OFFLINE: "1",
    PYTORCH_NPU_ALLOC_CONF: "expandable_segments:True",
  });
  const within = new LmdeployServe({ ...MODEL, tensorParallelSize: 8 }).bind(NPUS);
  expect(within.clusterEnvironment).not.toHaveProperty("HCCL_BUFFSIZE");
});

describe("captured graphs", () => {
  test.each([
    [Accelerator.A100_80GB, undefined, false, 0],
    [Accelerator.A100_80GB, true, true, 0],
    [Accelerator.ASCEND_910B_64GB, undefined, true, 0],
    [Accelerator.ASCEND_910B_64GB, false, false, 0],
    [Accelerator.ASCEND_A3, undefined, true, 0],
    [Accelerator.ASCEND_A3, false, false, 1],
    [Accelerator.ASCEND_310P, undefined, false, 0],
    [Accelerator.ASCEND_310P, true, true, 1],
  ])("%j, eagerMode %s: eager %s, %i problems", (accelerator, eagerMode, eager, problems) => {
    const spec = new LmdeployServe({ ...MODEL, eagerMode }).bind(on(accelerator));
    expect(spec.argv.includes("--eager-mode")).toBe(eager);
    expect(spec.problems?.map(({ path }) => path)).toEqual(Array(problems).fill("engine.eagerMode"));
  });
});

test("LmdeployServe passes its properties to the command", () => {
  const spec = new LmdeployServe({
    ...MODEL,
    servedModelName: "m",
    port: 9000,
    sessionLength: 8192,
    cacheMaxEntryCount: 0.5,
    extraArguments: ["--log-level", "INFO"],
  }).bind(GPUS);
  expect(text(spec.argv)).toContain("--model-name m");
  expect(text(spec.argv)).toContain("--session-len 8192 --cache-max-entry-count 0.5");
  expect(text(spec.argv).endsWith("--server-port 9000 --log-level INFO")).toBe(true);
  expect(spec.api).toMatchObject({
    port: 9000,
    servedModel: "m",
    proof: [{ body: { model: "m" } }, { kind: "completion" }],
  });
});
