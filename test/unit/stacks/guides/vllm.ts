import type { Guide, Row } from "./guide";
import { LOGS, RAY_INIT, rayStatus, SHELL, USE } from "./use";

const CONTAINERS = "Containers";
const RAY = "Ray";
const SERVE = "Serve";
const SETUP = "Set-up";

const STATUS: Row = {
  part: RAY,
  guide: "the number of nodes and accelerators, compared by eye",
  here: "the head waits for exactly the planned nodes with their accelerators, and says who is missing and why",
  shown: [{ file: "lib/runtime/ray_node/cluster/membership.py", holds: "class Assessment" }],
};

export const VLLM_ASCEND: Guide = {
  stack: "vllm-ascend-2x8",
  title: "vLLM over two Ascend servers: the guide and the stack",
  rows: [
    {
      part: CONTAINERS,
      guide: "`docker run --net=host` on every node",
      here: "one `docker_container` per machine, on the machine's network",
      shown: [{ network: "host" }],
    },
    {
      part: CONTAINERS,
      guide: "`ip addr`, to find the name of the interface",
      here: "found on each node from its planned address",
      shown: [
        { variable: "GLOO_SOCKET_IFNAME", is: "interface" },
        { variable: "TP_SOCKET_IFNAME", is: "interface" },
        { file: "lib/runtime/ray_node/host/address.py", holds: "def own_address" },
      ],
    },
    {
      part: RAY,
      guide: "`ASCEND_RT_VISIBLE_DEVICES=0,1,2,3,4,5,6,7`",
      here: "set on every node before Ray: the numbers of its planned devices",
      shown: [{ variable: "ASCEND_RT_VISIBLE_DEVICES", is: "visible-devices" }],
    },
    {
      part: RAY,
      guide: "`RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES=1`",
      here: "set on every node before Ray",
      shown: [{ variable: "RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES", is: "1" }],
    },
    {
      part: RAY,
      guide: "every variable before `ray start`; a change needs a new start of Ray",
      here: "a variable is part of the container: a changed one replaces it, and with it Ray",
      shown: [{ file: "lib/runtime/ray_node/cluster/environment.py", holds: "before `ray start`" }],
    },
    STATUS,
    {
      part: SERVE,
      guide: "`--tensor-parallel-size 8 --pipeline-parallel-size 2`: the NPUs of a node, the nodes",
      here: "the defaults of `VllmServe`, and stated in the stack",
      shown: [{ argument: "--tensor-parallel-size 8" }, { argument: "--pipeline-parallel-size 2" }],
    },
    {
      part: SERVE,
      guide: "or `--tensor-parallel-size 16` alone",
      here: "`new VllmServe({ tensorParallelSize: 16 })`; over RoCE every layer of every token then waits for the network",
    },
    {
      part: SERVE,
      guide: "`--distributed-executor-backend ray`",
      here: "`VllmExecutor.RAY`, the default; `VllmExecutor.MP` does without",
      shown: [{ argument: "--distributed-executor-backend ray" }],
    },
    rayStatus("`ray status`"),
    {
      part: USE,
      guide: "`ray list nodes`",
      here:
        "it asks Ray's dashboard, which is off here: the image's Ray 2.48 has no token for it. " +
        "`npx cdktf-ray-cluster status <stack>` has the same list with state, reason and accelerators. " +
        "With `ray[default]` 2.52 or newer it works in the head's container",
      absent: [{ inContainer: "RAY_AUTH_MODE", is: "token" }],
    },
    RAY_INIT,
  ],
};

export const VLLM_405B: Guide = {
  stack: "vllm-405b-lambda-4x8-h100",
  title: "Llama 3.1 405B on four one-click machines: the guide and the stack",
  rows: [
    {
      part: SETUP,
      guide: "`export HEAD_IP=...` on every node",
      here: "the first machine of the inventory is the head; its address is in the plan of all",
      shown: [{ ray: "address", is: "192.0.2.11:6379" }],
    },
    {
      part: SETUP,
      guide: "`SHARED_DIR=/home/ubuntu/shared`",
      here: "`HostPathStorage.shared`, mounted on every node",
      shown: [{ storage: "/home/ubuntu/shared/models:/models" }],
    },
    {
      part: SETUP,
      guide: "`HF_HOME=$SHARED_DIR/.cache/huggingface`",
      here: "no cache of the hub: a folder for this model at this commit, complete or not there",
      absent: [{ variable: "HF_HOME", is: "/home/ubuntu/shared/.cache/huggingface" }],
    },
    {
      part: SETUP,
      guide: "`HF_TOKEN=hf_...` and `huggingface-cli login --token`",
      here: "`SecretRef.hostFile`: a file for the head alone, never an argument, a variable or part of the state",
      absent: [{ variable: "HF_TOKEN", is: "..." }],
    },
    {
      part: SETUP,
      guide: "`huggingface-cli download meta-llama/Meta-Llama-3.1-405B-Instruct`, on one node",
      here: "the head fetches it once, at a pinned commit, with checksums; a broken download goes on where it was",
      shown: [{ source: "meta-llama/Llama-3.1-405B-Instruct" }],
    },
    {
      part: SETUP,
      guide: "`curl -o run_cluster.sh` from vLLM's main branch",
      here: "the node program of this release, the same on all nodes",
      shown: [{ file: "lib/runtime/ray_node/__main__.py", holds: "start" }],
    },
    {
      part: RAY,
      guide: "`run_cluster.sh vllm/vllm-openai $HEAD_IP --head $HF_HOME`, a terminal that stays open",
      here: "a container that restarts by itself; Ray with every port pinned",
      shown: [{ image: "vllm/vllm-openai:v" }, { ray: "head port", is: "6379" }, { network: "host" }],
    },
    {
      part: RAY,
      guide: "the image `vllm/vllm-openai`, without a tag",
      here: "a pinned version, and Ray added, which the image lacks since 0.18.0",
      shown: [{ file: "stacks/vllm-405b-lambda-4x8-h100.ts", holds: "withPythonPackages" }],
    },
    {
      part: RAY,
      guide: "`run_cluster.sh ... --worker` on three machines",
      here: "all nodes start at the same time and wait for each other",
      shown: [{ file: "lib/runtime/ray_node/agent/worker.py", holds: "waiting for the head" }],
    },
    {
      part: RAY,
      guide: "InfiniBand is left out",
      here: "`Fabric.INFINIBAND`: its devices are mapped, and NCCL may use nothing else",
      shown: [{ device: ["/dev/infiniband"] }, { variable: "NCCL_NET", is: "IB" }],
    },
    STATUS,
    {
      part: SERVE,
      guide: "`vllm serve <path> --tensor-parallel-size 8 --pipeline-parallel-size 4`",
      here: "`VllmServe`, started by the head's node program and watched",
      shown: [
        { argument: "vllm serve /models/meta-llama--Llama-3.1-405B-Instruct--be673f326cab" },
        { argument: "--tensor-parallel-size 8" },
        { argument: "--pipeline-parallel-size 4" },
      ],
    },
    {
      part: SERVE,
      guide: "`curl -o inference_test.py` and `python3 inference_test.py`",
      here: "the deployment itself asks for a completion; `stacks/inference_test` asks again, by curl or the OpenAI client",
      shown: [{ file: "stacks/inference_test/inference_test.py", holds: "chat.completions.create" }],
    },
    SHELL,
    rayStatus("`ray status` on any node"),
    LOGS,
  ],
};
