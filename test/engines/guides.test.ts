import { bound, system } from "./support/systems";

/** Where a guide's setting ended up: it is there, or it is not, for a reason. */
type Outcome = "same" | string;

/**
 * Every flag and variable of the commands in the five guides. `same`: the system has it, with this value.
 * Anything else is why it has not.
 */
const RAY = "the node program starts Ray, with every port and the node's address pinned";
const CONTAINER = "the container's description has it, from accelerator and fabric";
const DOWNLOAD = "the model lies on the nodes before the engine starts; a token is no argument";

const GUIDES: readonly (readonly [string, string, string | undefined, Outcome])[] = [
  // 1: LMDeploy on several nodes
  ["lmdeploy-2x8-tp16", "lmdeploy serve api_server", undefined, "same"],
  ["lmdeploy-2x8-tp16", "--backend", "pytorch", "same"],
  ["lmdeploy-2x8-tp16", "--tp", "16", "same"],
  ["lmdeploy-2x8-tp16", "LMDEPLOY_EXECUTOR_BACKEND", "ray", "same"],
  ["lmdeploy-2x8-tp16", "docker run --network", "host", CONTAINER],
  ["lmdeploy-2x8-tp16", "docker run -v", "$MODEL_PATH:$CONTAINER_MODEL_PATH", CONTAINER],
  ["lmdeploy-2x8-tp16", "ray start --head", undefined, RAY],
  ["lmdeploy-2x8-tp16", "ray start --port", "$DRIVER_PORT", RAY],
  ["lmdeploy-2x8-tp16", "ray start --address", "$DRIVER_NODE_ADDR:$DRIVER_PORT", RAY],

  // 2: LMDeploy on 2 x 8 Ascend
  ["lmdeploy-ascend-2x8-tp16", "lmdeploy serve api_server", undefined, "same"],
  ["lmdeploy-ascend-2x8-tp16", "--backend", "pytorch", "same"],
  ["lmdeploy-ascend-2x8-tp16", "--device", "ascend", "same"],
  ["lmdeploy-ascend-2x8-tp16", "--eager-mode", undefined, "same"],
  ["lmdeploy-ascend-2x8-tp16", "--tp", "16", "same"],
  ["lmdeploy-ascend-2x8-tp16", "GLOO_SOCKET_IFNAME", "interface", "same"],
  ["lmdeploy-ascend-2x8-tp16", "TP_SOCKET_IFNAME", "interface", "same"],
  ["lmdeploy-ascend-2x8-tp16", "HCCL_IF_IP", "address", "same"],
  ["lmdeploy-ascend-2x8-tp16", "RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES", "1", "same"],
  [
    "lmdeploy-ascend-2x8-tp16",
    "ASCEND_RANK_TABLE_FILE_PATH",
    "/path/to/rank_table.json",
    "LMDeploy reads none since 0.15.0; the gate asks for it with an older one",
  ],
  ["lmdeploy-ascend-2x8-tp16", "docker run --net", "host", CONTAINER],
  ["lmdeploy-ascend-2x8-tp16", "docker run --shm-size", "500g", CONTAINER],
  ["lmdeploy-ascend-2x8-tp16", "docker run --device", "/dev/davinci0", CONTAINER],
  ["lmdeploy-ascend-2x8-tp16", "docker run --privileged", "true", CONTAINER],
  ["lmdeploy-ascend-2x8-tp16", "docker run --entrypoint", "/bin/bash", CONTAINER],
  ["lmdeploy-ascend-2x8-tp16", "ray start --head", undefined, RAY],
  ["lmdeploy-ascend-2x8-tp16", "ray start --port", "PORT", RAY],
  ["lmdeploy-ascend-2x8-tp16", "ray start --address", "HEAD_NODE_IP:PORT", RAY],
  ["lmdeploy-ascend-2x8-tp16", "ray start --node-ip-address", "NODE_IP", RAY],

  // 3: vLLM on Ascend over Ray, both ways
  ["vllm-ascend-2x8-tp8-pp2", "--tensor-parallel-size", "8", "same"],
  ["vllm-ascend-2x8-tp8-pp2", "--pipeline-parallel-size", "2", "same"],
  ["vllm-ascend-2x8-tp16", "--tensor-parallel-size", "16", "same"],
  ["vllm-ascend-2x8-tp8-pp2", "RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES", "1", "same"],
  [
    "vllm-ascend-2x8-tp8-pp2",
    "ASCEND_RT_VISIBLE_DEVICES",
    "0,1,2,3,4,5,6,7",
    "the container has the planned devices and no others",
  ],
  ["vllm-ascend-2x8-tp8-pp2", "docker run --net", "host", CONTAINER],

  // 4: ROLL on several nodes
  ["roll-2x2", "MASTER_ADDR", "10.20.0.1", "same"],
  ["roll-2x2", "MASTER_PORT", "6379", "same"],
  ["roll-2x2", "WORLD_SIZE", "2", "same"],
  ["roll-2x2", "RANK", "0", "same"],
  ["roll-2x2", "NCCL_SOCKET_IFNAME", "exact-interface", "same"],
  ["roll-2x2", "GLOO_SOCKET_IFNAME", "interface", "same"],
  [
    "roll-2x2",
    "bash examples/agentic_demo/run_agentic_pipeline_frozen_lake_multi_nodes_demo.sh",
    undefined,
    "the script runs one command, which stands here, and hard-codes where ROLL lies",
  ],
  ["roll-2x2", "ray start --address", "ip of master node:port of master node", RAY],
  ["roll-2x2", "ray start --num-gpus", "2", RAY],
  ["roll-2x2", "docker run --gpus", "all", CONTAINER],
  [
    "roll-2x2",
    "docker run -p",
    "9001:22",
    "nobody logs in to a node; Ray needs every port between the nodes",
  ],
  ["roll-2x2", "docker run --ipc", "host", CONTAINER],
  ["roll-2x2", "docker run --shm-size", "10gb", CONTAINER],
  [
    "roll-2x2",
    "git clone",
    "https://github.com/alibaba/ROLL.git",
    "the image holds ROLL, one commit for all nodes",
  ],
  [
    "roll-2x2",
    "pip install -r",
    "requirements_torch260_vllm.txt",
    "the image holds them: nothing is installed at boot",
  ],

  // 5: vLLM with Llama 3.1 405B on 4 x 8 H100
  ["vllm-405b-4x8", "vllm serve", undefined, "same"],
  ["vllm-405b-4x8", "--tensor-parallel-size", "8", "same"],
  ["vllm-405b-4x8", "--pipeline-parallel-size", "4", "same"],
  ["vllm-405b-4x8", "run_cluster.sh --head", undefined, RAY],
  ["vllm-405b-4x8", "run_cluster.sh --worker", undefined, RAY],
  ["vllm-405b-4x8", "HF_HOME", "${SHARED_DIR}/.cache/huggingface", DOWNLOAD],
  ["vllm-405b-4x8", "HF_TOKEN", "...", DOWNLOAD],
  ["vllm-405b-4x8", "huggingface-cli login --token", "${HF_TOKEN}", DOWNLOAD],
  ["vllm-405b-4x8", "huggingface-cli download", "${MODEL_REPO}", DOWNLOAD],
  ["vllm-405b-4x8", "HEAD_IP", "172.26.135.124", RAY],
];

/** Everything that a system sets: its command, and variables of every scope. */
function settings(name: string): {
  readonly argv: string;
  readonly variables: { readonly [name: string]: string };
} {
  const { spec, environment } = bound(system(name));
  return {
    argv: ` ${spec.argv.join(" ")} `,
    variables: { ...environment.cluster, ...environment.node, ...environment.driver },
  };
}

/** Whether a system has a setting: a variable with that value, or a part of the command. */
function has(name: string, setting: string, value: string | undefined): boolean {
  const { argv, variables } = settings(name);
  return /^[A-Z_]+$/.test(setting)
    ? variables[setting] === value
    : argv.includes(` ${[setting, value].filter((part) => part !== undefined).join(" ")} `);
}

describe.each(["1", "2", "3", "4", "5"])("guide %s", (guide) => {
  const names = {
    "1": ["lmdeploy-2x8-tp16"],
    "2": ["lmdeploy-ascend-2x8-tp16"],
    "3": ["vllm-ascend-2x8-tp8-pp2", "vllm-ascend-2x8-tp16"],
    "4": ["roll-2x2"],
    "5": ["vllm-405b-4x8"],
  }[guide]!;
  const rows = GUIDES.filter(([name]) => names.includes(name));

  test.each(rows.filter(([, , , outcome]) => outcome === "same"))("%s has %s %s", (name, setting, value) => {
    expect(has(name, setting, value)).toBe(true);
  });

  test.each(rows.filter(([, , , outcome]) => outcome !== "same"))(
    "%s goes without %s %s",
    (name, setting, value, reason) => {
      expect(reason).toMatch(/\w+ \w+ \w+/);
      expect(has(name, setting, value)).toBe(false);
      // A variable is not there under another value either.
      expect(settings(name).variables).not.toHaveProperty([setting]);
    },
  );
});

test("a setting that is missing, or has another value, is noticed", () => {
  expect(has("lmdeploy-2x8-tp16", "--tp", "8")).toBe(false);
  expect(has("lmdeploy-2x8-tp16", "--eager-mode", undefined)).toBe(false);
  expect(has("roll-2x2", "WORLD_SIZE", "4")).toBe(false);
});
