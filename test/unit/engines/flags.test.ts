import { LMDEPLOY_FLAGS } from "../../../lib/engines/lmdeploy/lmdeploy-flags";
import { LmdeployDtype, type LmdeployServeProps } from "../../../lib/engines/lmdeploy/lmdeploy-props";
import { LmdeployServe } from "../../../lib/engines/lmdeploy/lmdeploy-serve";
import { RollPipeline } from "../../../lib/engines/roll/roll-pipeline";
import { VLLM_FLAGS } from "../../../lib/engines/vllm/vllm-arguments";
import { VllmDtype, VllmExecutor, type VllmServeProps } from "../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import type { EngineSpec } from "../../../lib/topology/engine-spec";
import {
  definition,
  groups,
  LMDEPLOY_PROXY_VERSIONS,
  LMDEPLOY_VERSIONS,
  refusals,
  VLLM_VERSIONS,
} from "./support/flags";
import { bound, contextOf, SYSTEMS } from "./support/systems";

const NODES = { accelerator: Accelerator.H100, nodes: 4, perNode: 8 };
const NPUS = { ...NODES, accelerator: Accelerator.ASCEND_A3 };

/** Every property at a value of its own, by executor. */
const VLLM_PROPS: VllmServeProps = {
  modelPath: "/models/m",
  servedModelName: "m",
  port: 9000,
  tensorParallelSize: 4,
  pipelineParallelSize: 2,
  dataParallelSize: 4,
  enableExpertParallel: true,
  maxModelLen: 4096,
  gpuMemoryUtilization: 0.85,
  dtype: VllmDtype.BFLOAT16,
  enforceEager: true,
  masterPort: 29600,
};
const LMDEPLOY_PROPS: LmdeployServeProps = {
  modelPath: "/models/m",
  servedModelName: "m",
  port: 9000,
  tensorParallelSize: 32,
  eagerMode: true,
  sessionLength: 4096,
  cacheMaxEntryCount: 0.5,
  dtype: LmdeployDtype.BFLOAT16,
  masterPort: 29600,
};

/** Commands that a specification starts: the head's, behind a proxy or not, and a follower's with its rank. */
function commands({ argv, follower }: EngineSpec): readonly (readonly string[])[] {
  return [
    argv.slice(argv.indexOf("--") + 1),
    ...(follower ? [[...follower.argv, follower.rankFlag, "3"]] : []),
  ];
}

/** The proxy's command, behind its launcher with address and port. */
function proxies({ argv }: EngineSpec): readonly (readonly string[])[] {
  const end = argv.indexOf("--");
  return end < 0 ? [] : [argv.slice(4, end)];
}

const vllmSpecs = [
  ...Object.values(VllmExecutor).flatMap((executor) => [
    new VllmServe({ ...VLLM_PROPS, executor }),
    new VllmServe({
      ...VLLM_PROPS,
      executor,
      tensorParallelSize: 16,
      pipelineParallelSize: 1,
      dataParallelSize: 2,
    }),
    new VllmServe({ modelPath: "/models/m", executor }),
  ]),
  ...Object.values(VllmDtype).map((dtype) => new VllmServe({ modelPath: "/m", dtype })),
].flatMap((engine) => [
  engine.bind(contextOf(NODES)),
  engine.bind(contextOf(NPUS)),
  engine.bind(contextOf({ ...NODES, nodes: 1 })),
]);
const lmdeploySpecs = [
  new LmdeployServe(LMDEPLOY_PROPS),
  new LmdeployServe({ modelPath: "/models/m" }),
  new LmdeployServe({ modelPath: "/models/m", dataParallelSize: 4 }),
  new LmdeployServe({ modelPath: "/models/m", dataParallelSize: 32, expertParallelSize: 32 }),
  new LmdeployServe({ modelPath: "/models/m", extraArguments: ["--dp", "4", "--ep", "32"] }),
  ...Object.values(LmdeployDtype).map((dtype) => new LmdeployServe({ modelPath: "/m", dtype })),
].flatMap((engine) => [engine.bind(contextOf(NODES)), engine.bind(contextOf(NPUS))]);

describe.each(VLLM_VERSIONS)("vLLM %s", (version) => {
  const vllm = definition(`vllm-${version}`);

  test("accepts every command that VllmServe writes", () => {
    const refused = vllmSpecs.flatMap(commands).flatMap((argv) => refusals(argv, vllm, 1));
    expect(refused).toEqual([]);
  });

  test("has every flag that VllmServe owns", () => {
    const unknown = VLLM_FLAGS.flatMap(({ names }) => names).filter((name) => !(name in vllm.flags));
    expect(unknown).toEqual([]);
  });
});

describe.each(LMDEPLOY_VERSIONS)("LMDeploy %s", (version) => {
  const lmdeploy = definition(`lmdeploy-${version}`);

  test("accepts every command that LmdeployServe writes", () => {
    const refused = lmdeploySpecs.flatMap(commands).flatMap((argv) => refusals(argv, lmdeploy, 1));
    expect(refused).toEqual([]);
  });

  test("has every flag that LmdeployServe owns", () => {
    const unknown = LMDEPLOY_FLAGS.flatMap(({ names }) => names).filter((name) => !(name in lmdeploy.flags));
    expect(unknown).toEqual([]);
  });
});

test.each(LMDEPLOY_PROXY_VERSIONS)(
  "LMDeploy's proxy %s accepts every command that LmdeployServe writes",
  (version) => {
    const written = lmdeploySpecs.flatMap(proxies);
    expect(written).toHaveLength(6);
    expect(written.flatMap((argv) => refusals(argv, definition(`lmdeploy-proxy-${version}`), 0))).toEqual([]);
  },
);

test("ROLL's program accepts the command that RollPipeline writes", () => {
  const roll = definition("roll-8eb27cc2");
  const [python, script, ...rest] = new RollPipeline().bind(contextOf(NODES)).argv;
  expect(script).toBe(`/workspace/ROLL/${roll.command[1]}`);
  expect(refusals([python, roll.command[1], ...rest], roll, 0)).toEqual([]);
});

test("the checked commands contain every flag that a property can set", () => {
  const written = (specs: readonly EngineSpec[]) =>
    new Set(specs.flatMap(commands).flatMap((argv) => groups(argv).map(({ flag }) => flag)));
  expect([...written(vllmSpecs)].sort()).toEqual([
    "",
    ...["--data-parallel-address", "--data-parallel-backend", "--data-parallel-rpc-port"],
    ...["--data-parallel-size", "--data-parallel-size-local", "--distributed-executor-backend", "--dtype"],
    ...["--enable-expert-parallel", "--enforce-eager", "--gpu-memory-utilization", "--headless", "--host"],
    ...["--master-addr", "--master-port", "--max-model-len", "--nnodes", "--node-rank"],
    ...["--pipeline-parallel-size", "--port", "--served-model-name", "--tensor-parallel-size"],
  ]);
  expect([...written(lmdeploySpecs)].sort()).toEqual([
    "",
    ...["--backend", "--cache-max-entry-count", "--device", "--dp", "--dtype", "--eager-mode", "--ep"],
    ...["--model-name", "--nnodes", "--node-rank", "--proxy-url"],
    ...["--server-name", "--server-port", "--session-len", "--tp"],
  ]);
});

test.each(SYSTEMS.filter(({ engine }) => engine.engineName !== "roll").map((of) => [of.name, of] as const))(
  "the command of %s is one that its engine takes",
  (name, of) => {
    const versions = name.startsWith("vllm-ascend") ? ["vllm-0.23.0"] : ["vllm-0.33.0", "vllm-0.32.0"];
    const fixtures =
      of.engine.engineName === "vllm" ? versions : LMDEPLOY_VERSIONS.map((v) => `lmdeploy-${v}`);
    for (const fixture of fixtures) {
      expect(commands(bound(of).spec).flatMap((argv) => refusals(argv, definition(fixture), 1))).toEqual([]);
    }
  },
);

describe("flag check", () => {
  const vllm = definition("vllm-0.33.0");
  const serve = (...rest: string[]) => refusals(["vllm", "serve", "/m", ...rest], vllm, 1);

  test.each([
    [["--tensor-paralel-size", "8"], "knows no --tensor-paralel-size"],
    [["--tensor-parallel-size", "eight"], "--tensor-parallel-size does not take 'eight'"],
    [["--tensor-parallel-size"], "--tensor-parallel-size takes value, not ''"],
    [["--headless", "1"], "--headless takes switch, not '1'"],
    [["--dtype", "fp8"], "--dtype does not take 'fp8'"],
    [["--port", "1", "--port", "2"], "--port is given twice"],
  ])("finds %j", (rest, sentence) => {
    expect(serve(...rest)).toEqual([sentence]);
  });

  test("refuses another command", () => {
    expect(refusals(["vllm", "server", "/m"], vllm, 1)).toEqual(["does not begin with 'vllm serve'"]);
  });

  test("accepts what vLLM accepts", () => {
    expect(
      serve("--dtype", "half", "--max-model-len", "32k", "--no-enforce-eager", "--api-key", "a", "b"),
    ).toEqual([]);
  });
});
