import { VllmDtype, VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { contextOf } from "../support/systems";

const H100S = contextOf({ accelerator: Accelerator.H100, nodes: 4, perNode: 8 });
const NPUS = contextOf({ accelerator: Accelerator.ASCEND_910B_64GB, nodes: 2, perNode: 8 });
const MODEL = { modelPath: "/models/llama" };
const text = (argv: readonly string[] | undefined) => (argv ?? []).join(" ");
const mp = { ...MODEL, executor: VllmExecutor.MP };

describe("the cut", () => {
  test.each([
    [{}, 8, 4, 1],
    [{ tensorParallelSize: 16 }, 16, 2, 1],
    [{ tensorParallelSize: 32 }, 32, 1, 1],
    [{ pipelineParallelSize: 8 }, 4, 8, 1],
    [{ dataParallelSize: 4 }, 8, 1, 4],
    [{ tensorParallelSize: 4, dataParallelSize: 4 }, 4, 2, 4],
  ])("of %j over 4 x 8 is tp %i, pp %i, dp %i", (props, tensor, pipeline, data) => {
    const spec = new VllmServe({ ...MODEL, ...props }).bind(H100S);
    expect(spec.parallelism).toMatchObject({ tensor, pipeline, data });
    expect(text(spec.argv)).toContain(
      `--tensor-parallel-size ${tensor} --pipeline-parallel-size ${pipeline}`,
    );
  });
});

test("one command on the head is all that Ray needs", () => {
  const spec = new VllmServe(MODEL).bind(H100S);
  expect(spec).toMatchObject({ kind: "serve", name: "vllm", port: 8000, servedModel: "llama", ports: [] });
  expect(spec.follower).toBeUndefined();
  expect(text(spec.argv)).toContain("--distributed-executor-backend ray");
  expect(text(spec.argv)).not.toContain("--nnodes");
});

test("without Ray every node has a command, alike but for rank and API", () => {
  const { argv, follower, ports } = new VllmServe({ ...mp, masterPort: 29999 }).bind(H100S);
  const shared =
    "vllm serve /models/llama --served-model-name llama --tensor-parallel-size 8 --pipeline-parallel-size 4 " +
    "--distributed-executor-backend mp --nnodes 4 --master-addr 10.20.0.1 --master-port 29999";
  expect(text(argv)).toBe(`${shared} --node-rank 0 --host 0.0.0.0 --port 8000`);
  expect(text(follower?.argv)).toBe(`${shared} --headless`);
  expect(follower?.rankFlag).toBe("--node-rank");
  expect(ports).toEqual([{ name: "vllm-master", from: 29999, to: 29999, where: "head" }]);
});

test("without Ray on one node there is nobody to meet", () => {
  const spec = new VllmServe(mp).bind(contextOf({ accelerator: Accelerator.H100, nodes: 1, perNode: 8 }));
  expect(text(spec.argv)).toContain("--distributed-executor-backend mp");
  expect(text(spec.argv)).not.toContain("--nnodes");
  expect([spec.follower, spec.ports, spec.findings]).toEqual([undefined, [], []]);
});

describe("replicas", () => {
  test("of Ray: as many on the head's node as it holds", () => {
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

  test("of Ray that take more than a node may span nodes", () => {
    const { argv, environment } = new VllmServe({
      ...MODEL,
      tensorParallelSize: 16,
      dataParallelSize: 2,
    }).bind(H100S);
    expect(text(argv)).toContain("--data-parallel-size 2 --data-parallel-size-local 1");
    expect(environment.VLLM_RAY_DP_PACK_STRATEGY).toBe("span");
  });

  test("without Ray meet at the head, at a port of their own", () => {
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

test("what is asked for reaches the command, and what is not does not", () => {
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

test("the completion asks for the name under which the model is served", () => {
  const { completion, servedModel } = new VllmServe({ ...MODEL, servedModelName: "big" }).bind(H100S);
  expect([servedModel, completion.body.model]).toEqual(["big", "big"]);
});

describe("findings", () => {
  const findings = (engine: VllmServe, context = H100S) =>
    (engine.bind(context).findings ?? []).map(({ level, path, got }) => [level, path, got]);

  test("none of a usual cluster", () => {
    expect(findings(new VllmServe(MODEL))).toEqual([]);
    expect(findings(new VllmServe(mp), NPUS)).toEqual([]);
    expect(findings(new VllmServe({ ...MODEL, tensorParallelSize: 16 }), NPUS)).toEqual([]);
  });

  test.each([
    [["--port", "9"], "--port"],
    [["--tensor-parallel-size=4"], "--tensor-parallel-size=4"],
    [["--tensor_parallel_size", "4"], "--tensor_parallel_size"],
    [["-tp", "4"], "-tp"],
    [["--no-enforce-eager"], "--no-enforce-eager"],
    [["--seed", "1", "--nnodes", "2"], "--nnodes"],
  ])("%j says again what a property or the cluster says", (extraArguments, found) => {
    const index = extraArguments.indexOf(found);
    expect(findings(new VllmServe({ ...MODEL, extraArguments }))).toEqual([
      ["error", `engine.extraArguments[${index}]`, `'${found}'`],
    ]);
  });

  test("a value that looks like a flag's name is none", () => {
    expect(findings(new VllmServe({ ...MODEL, extraArguments: ["--seed", "-1"] }))).toEqual([]);
  });

  test("a model that would have to be fetched", () => {
    expect(findings(new VllmServe({ modelPath: "Qwen/Qwen3-8B" }))).toEqual([
      ["error", "engine.modelPath", "'Qwen/Qwen3-8B'"],
    ]);
  });

  test("nodes that do not know where to meet", () => {
    expect(findings(new VllmServe(mp), { ...H100S, headAddress: undefined })).toEqual([
      ["error", "engine.executor", "'mp'"],
    ]);
    expect(findings(new VllmServe(MODEL), { ...H100S, headAddress: undefined })).toEqual([]);
  });

  test("what is reported to fail across Ascend nodes over Ray", () => {
    const engine = new VllmServe({
      ...MODEL,
      tensorParallelSize: 4,
      pipelineParallelSize: 2,
      dataParallelSize: 2,
      enableExpertParallel: true,
    });
    expect(findings(engine, NPUS)).toEqual([
      ["warning", "engine.pipelineParallelSize", "2"],
      ["warning", "engine.dataParallelSize", "2"],
      ["warning", "engine.enableExpertParallel", "true"],
    ]);
    expect(findings(engine, contextOf({ accelerator: Accelerator.H100, nodes: 2, perNode: 8 }))).toEqual([]);
  });
});

test("a later change of the list that was given does not reach the engine", () => {
  const extraArguments = ["--seed", "1"];
  const engine = new VllmServe({ ...MODEL, extraArguments });
  extraArguments.push("--port", "1");
  expect(text(engine.bind(H100S).argv)).not.toContain("--port 1");
});
