import { VllmDtype, VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { contextOf } from "../support/systems";

const H100S = contextOf({ accelerator: Accelerator.H100, nodes: 4, perNode: 8 });
const NPUS = contextOf({ accelerator: Accelerator.ASCEND_910B_64GB, nodes: 2, perNode: 8 });
const MODEL = { modelPath: "/models/llama" };
const text = (argv: readonly string[] | undefined) => (argv ?? []).join(" ");
const mp = { ...MODEL, executor: VllmExecutor.MP };

describe("parallelism", () => {
  test.each([
    [{}, 8, 4, 1],
    [{ tensorParallelSize: 16 }, 16, 2, 1],
    [{ tensorParallelSize: 32 }, 32, 1, 1],
    [{ pipelineParallelSize: 8 }, 4, 8, 1],
    [{ dataParallelSize: 4 }, 8, 1, 4],
    [{ tensorParallelSize: 4, dataParallelSize: 4 }, 4, 2, 4],
  ])("%j on 4 x 8 is tp %i, pp %i, dp %i", (props, tensor, pipeline, data) => {
    const spec = new VllmServe({ ...MODEL, ...props }).bind(H100S);
    expect(spec.parallelism).toMatchObject({ tensor, pipeline, data });
    expect(text(spec.argv)).toContain(
      `--tensor-parallel-size ${tensor} --pipeline-parallel-size ${pipeline}`,
    );
  });
});

test("VllmServe with Ray runs one command, on the head", () => {
  const spec = new VllmServe(MODEL).bind(H100S);
  expect(spec).toMatchObject({ name: "vllm", api: { port: 8000, servedModel: "llama" }, ports: [] });
  expect(spec.follower).toBeUndefined();
  expect(text(spec.argv)).toContain("--distributed-executor-backend ray");
  expect(text(spec.argv)).not.toContain("--nnodes");
});

test("VllmServe with mp runs the same command on every node, apart from rank and API", () => {
  const { argv, follower, ports } = new VllmServe({ ...mp, masterPort: 29999 }).bind(H100S);
  const shared =
    "vllm serve /models/llama --served-model-name llama --tensor-parallel-size 8 --pipeline-parallel-size 4 " +
    "--distributed-executor-backend mp --nnodes 4 --master-addr 10.20.0.1 --master-port 29999";
  expect(text(argv)).toBe(`${shared} --node-rank 0 --host 10.20.0.1 --port 8000`);
  expect(text(follower?.argv)).toBe(`${shared} --headless`);
  expect(follower?.rankFlag).toBe("--node-rank");
  expect(ports).toEqual([{ name: "vllm-master", from: 29999, to: 29999, where: "head" }]);
});

test("VllmServe with mp on one node has no meeting point", () => {
  const spec = new VllmServe(mp).bind(contextOf({ accelerator: Accelerator.H100, nodes: 1, perNode: 8 }));
  expect(text(spec.argv)).toContain("--distributed-executor-backend mp");
  expect(text(spec.argv)).not.toContain("--nnodes");
  expect([spec.follower, spec.ports, spec.problems]).toEqual([undefined, [], []]);
});

describe("data parallelism", () => {
  test("with Ray places as many replicas on the head as fit", () => {
    const { argv, environment } = new VllmServe({
      ...MODEL,
      tensorParallelSize: 4,
      pipelineParallelSize: 1,
      dataParallelSize: 8,
    }).bind(H100S);
    expect(text(argv)).toContain(
      "--data-parallel-size 8 --data-parallel-size-local 2 --data-parallel-backend ray",
    );
    expect(environment).not.toHaveProperty("VLLM_RAY_DP_PACK_STRATEGY");
  });

  test("with Ray lets replicas larger than a node span nodes", () => {
    const { argv, environment } = new VllmServe({
      ...MODEL,
      tensorParallelSize: 16,
      dataParallelSize: 2,
    }).bind(H100S);
    expect(text(argv)).toContain("--data-parallel-size 2 --data-parallel-size-local 1");
    expect(environment.VLLM_RAY_DP_PACK_STRATEGY).toBe("span");
  });

  test("with mp meets at a port of its own on the head", () => {
    const { argv, follower, ports, environment } = new VllmServe({ ...mp, dataParallelSize: 4 }).bind(H100S);
    const meeting = "--data-parallel-size 4 --data-parallel-address 10.20.0.1 --data-parallel-rpc-port 29550";
    expect(text(argv)).toContain(meeting);
    expect(text(follower?.argv)).toContain(meeting);
    expect(ports.map(({ name, from }) => [name, from])).toEqual([
      ["vllm-master", 29501],
      ["vllm-data-parallel", 29550],
    ]);
    expect(environment).not.toHaveProperty("VLLM_RAY_DP_PACK_STRATEGY");
  });
});

test("VllmServe passes the properties that are set to the command, and no others", () => {
  const plain = text(new VllmServe(MODEL).bind(H100S).argv);
  const full = text(
    new VllmServe({
      ...MODEL,
      servedModelName: "big",
      maxModelLen: 4096,
      gpuMemoryUtilization: 0.8,
      dtype: VllmDtype.FLOAT16,
      enforceEager: true,
      enableExpertParallel: true,
      extraArguments: ["--max-num-seqs", "25", "--trust-remote-code"],
    }).bind(H100S).argv,
  );
  expect(full).toContain("--served-model-name big");
  expect(full).toContain("--enable-expert-parallel --distributed-executor-backend ray --max-model-len 4096");
  expect(full).toContain("--gpu-memory-utilization 0.8 --dtype float16 --enforce-eager");
  expect(full.endsWith("--port 8000 --max-num-seqs 25 --trust-remote-code")).toBe(true);
  for (const flag of [
    "--max-model-len",
    "--gpu-memory-utilization",
    "--dtype",
    "--enforce-eager",
    "--enable-expert",
  ]) {
    expect(plain).not.toContain(flag);
  }
});

test("VllmServe asks by the served name", () => {
  const { api } = new VllmServe({ ...MODEL, servedModelName: "big" }).bind(H100S);
  expect(api).toMatchObject({ servedModel: "big", proof: [{ body: { model: "big" } }, {}, {}, {}, {}, {}] });
});

describe("problems", () => {
  const problems = (engine: VllmServe, context = H100S) => engine.bind(context).problems;

  test.each([
    ["Ray on GPUs", new VllmServe(MODEL), H100S],
    ["mp on Ascend", new VllmServe(mp), NPUS],
    ["tensor parallelism alone on Ascend", new VllmServe({ ...MODEL, tensorParallelSize: 16 }), NPUS],
    ["Ray without a planned head address", new VllmServe(MODEL), { ...H100S, headAddress: undefined }],
    ["a negative value after a flag", new VllmServe({ ...MODEL, extraArguments: ["--seed", "-1"] }), H100S],
    [
      "every parallelism on GPUs",
      new VllmServe({ ...MODEL, pipelineParallelSize: 2, dataParallelSize: 2, enableExpertParallel: true }),
      contextOf({ accelerator: Accelerator.H100, nodes: 2, perNode: 8 }),
    ],
  ])("%s: none", (_, engine, context) => {
    expect(problems(engine, context)).toEqual([]);
  });
});

test("VllmServe ignores later changes of the list it was given", () => {
  const extraArguments = ["--seed", "1"];
  const engine = new VllmServe({ ...MODEL, extraArguments });
  extraArguments.push("--port", "1");
  expect(text(engine.bind(H100S).argv)).not.toContain("--port 1");
});

describe("the image must hold what vLLM finds its accelerators by", () => {
  test.each([
    [Accelerator.H100, ["vllm"]],
    [Accelerator.of("mi300x"), ["vllm", "amdsmi"]],
    [Accelerator.ASCEND_A3, ["vllm", "vllm_ascend"]],
  ])("%j", (accelerator, modules) => {
    const spec = new VllmServe(MODEL).bind(contextOf({ accelerator, nodes: 1, perNode: 8 }));
    expect(spec.requires?.pythonModules).toEqual(modules);
  });
});
