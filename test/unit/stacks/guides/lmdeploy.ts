import type { Guide, Row } from "./guide";
import { RAY_INIT, rayStatus, USE } from "./use";

const RAY_PROCESS = "lib/runtime/ray_node/cluster/ray_process.py";
const CONTAINERS = "Containers";
const RAY = "Ray";
const RANKS = "Rank table";
const SERVE = "Serve";
const TROUBLE = "Before something goes wrong";

const HOST_NETWORK: Row = {
  part: CONTAINERS,
  guide: "`docker run --network host` on every node",
  here: "one `docker_container` per machine, on the machine's network",
  shown: [{ network: "host" }],
};
const MODEL: Row = {
  part: CONTAINERS,
  guide: "`-v $MODEL_PATH:$CONTAINER_MODEL_PATH`, the same folder on all nodes",
  here: "`storage` mounts it on every node; the node program looks for the model before the engine starts",
  shown: [{ storage: "/data/models:/models" }, { source: "/models/Qwen2.5-72B-Instruct" }],
};
const HEAD: Row = {
  part: RAY,
  guide: "`ray start --head --port=$PORT` on the head",
  here: "the node program starts Ray with every port pinned",
  shown: [
    { ray: "head port", is: "6379" },
    { file: RAY_PROCESS, holds: "--head" },
  ],
};
const STATUS: Row = {
  part: RAY,
  guide: "wait until all nodes are there",
  here: "the head waits for exactly the planned nodes with their accelerators, and says who is missing and why",
  shown: [{ file: "lib/runtime/ray_node/cluster/membership.py", holds: "class Assessment" }],
};
const TP: Row = {
  part: SERVE,
  guide: "`--backend pytorch --tp 16`",
  here: "`LmdeployServe`, over all accelerators by default",
  shown: [{ argument: "--backend pytorch" }, { argument: "--tp 16" }],
};
const API_SERVER: Row = {
  part: SERVE,
  guide: "`lmdeploy serve api_server $CONTAINER_MODEL_PATH` in the head's container",
  here: "the head's node program starts it when the membership is whole, and again when that broke",
  shown: [{ argument: "lmdeploy serve api_server /models/Qwen2.5-72B-Instruct" }],
};
const PIPELINE: Row = {
  part: USE,
  guide: "`pipeline(...)` from a program of one's own",
  here:
    "the same program in `docker exec` on any node of a cluster with `RayOnly`; here the engine that serves holds all " +
    "accelerators. `CustomServe` keeps such a program running",
  shown: [{ file: "test/e2e/engines.e2e.test.ts", holds: "with pipeline(model_path" }],
};

export const LMDEPLOY_GPU: Guide = {
  stack: "lmdeploy-gpu-2x8",
  title: "LMDeploy over two GPU servers: the guide and the stack",
  rows: [
    HOST_NETWORK,
    MODEL,
    {
      part: CONTAINERS,
      guide: "`openmmlab/lmdeploy:latest`",
      here: "a tag that does not move: two nodes that pull `latest` on two days refuse each other",
      shown: [{ image: "openmmlab/lmdeploy:v" }],
      absent: [{ image: "openmmlab/lmdeploy:latest" }],
    },
    HEAD,
    {
      part: RAY,
      guide: "`ray start --address=$DRIVER_NODE_ADDR:$DRIVER_PORT` on the others",
      here: "the head's address is in the plan, so all nodes start at the same time",
      shown: [
        { ray: "address", is: "192.0.2.11:6379" },
        { file: RAY_PROCESS, holds: "--address" },
      ],
    },
    STATUS,
    API_SERVER,
    TP,
    {
      part: SERVE,
      guide: "`LMDEPLOY_EXECUTOR_BACKEND=ray`, to be sure of Ray",
      here: "set wherever the ranks span nodes",
      shown: [{ variable: "LMDEPLOY_EXECUTOR_BACKEND", is: "ray" }],
    },
    {
      part: SERVE,
      guide: "a better network, e.g. InfiniBand",
      here: "`Fabric.INFINIBAND`: its devices are mapped, and NCCL may use nothing else",
      shown: [{ device: ["/dev/infiniband"] }, { variable: "NCCL_NET", is: "IB" }],
    },
    rayStatus("`ray status` in the head's container"),
    PIPELINE,
    RAY_INIT,
  ],
};

const DAVINCI = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => `/dev/davinci${index}`);

function environment(guide: string, name: string, is: string, here: string): Row {
  return { part: RAY, guide: `\`export ${guide}\``, here, shown: [{ variable: name, is }] };
}

function withoutMount(path: string, here: string): Row {
  return { part: CONTAINERS, guide: `\`-v ${path}\``, here, absent: [{ mount: path.split(":")[0] }] };
}

export const LMDEPLOY_ASCEND: Guide = {
  stack: "lmdeploy-ascend-2x8",
  title: "LMDeploy over two Atlas 800T A2: the guide and the stack",
  rows: [
    { ...HOST_NETWORK, guide: "`docker run --net=host` on every node" },
    {
      part: CONTAINERS,
      guide: "`--entrypoint /bin/bash` and a terminal",
      here: "nobody types: the container's command is the node program, and it is supervised",
      absent: [{ argument: "/bin/bash" }],
    },
    {
      part: CONTAINERS,
      guide: "`--shm-size=500g`",
      here: "2 GiB for each NPU and what the object store takes: what the ranks of one node share, not a share of memory",
      shown: [{ sharedMemoryMiB: 16_384 }],
    },
    {
      part: CONTAINERS,
      guide: "`--device=/dev/davinci0` to `/dev/davinci7`",
      here: "as many as the pool plans, counted on the node",
      shown: [{ device: DAVINCI }],
    },
    {
      part: CONTAINERS,
      guide: "`--device=/dev/davinci_manager`, `/dev/devmm_svm`, `/dev/hisi_hdc`",
      here: "from the accelerator's row in the catalogue",
      shown: [{ device: ["/dev/davinci_manager", "/dev/devmm_svm", "/dev/hisi_hdc"] }],
    },
    {
      part: CONTAINERS,
      guide: "`--privileged=true`",
      here: "not needed where each device is mapped: a container that may do anything is a machine without walls",
    },
    {
      part: CONTAINERS,
      guide: "`-v /usr/local/Ascend/driver:/usr/local/Ascend/driver`",
      here: "mounted, read-only",
      shown: [{ mount: "/usr/local/Ascend/driver" }],
    },
    {
      part: CONTAINERS,
      guide: "`-v /usr/local/sbin/npu-smi:/usr/local/sbin/npu-smi`",
      here: "mounted from where the product has it",
      shown: [{ mount: "/usr/local/bin/npu-smi" }],
    },
    withoutMount(
      "/usr/local/Ascend/add-ons/:/usr/local/Ascend/add-ons",
      "drivers since 1.0.10 have no such folder, and Docker would make an empty one",
    ),
    withoutMount(
      "/usr/local/sbin/:/usr/local/sbin",
      "it would put the host's programs before the image's; the one that is needed is mounted by itself",
    ),
    withoutMount(
      "/usr/log/npu/conf/slog/slog.conf:/var/log/npu/conf/slog/slog.conf",
      "the logs of the driver stay on the host, where `msnpureport` collects them",
    ),
    withoutMount("/var/log/npu/slog/:/var/log/npu/slog/", "as above: logs of the driver stay on the host"),
    withoutMount("/var/log/npu/profiling/:/var/log/npu/profiling/", "nobody profiles a cluster that serves"),
    withoutMount("/var/log/npu/dump/:/var/log/npu/dump/", "as above: dumps of the driver stay on the host"),
    withoutMount("/var/log/npu/:/usr/slog", "as above: logs of the driver stay on the host"),
    withoutMount("/lib/modules:/lib/modules", "a container loads no kernel modules"),
    MODEL,
    {
      part: CONTAINERS,
      guide: "the image `ascend:a2-latest`",
      here: "its makers publish moving tags only: the stack allows this one by name, and advises a digest",
      shown: [
        { image: "crpi-4crprmm5baj1v8iv.cn-hangzhou.personal.cr.aliyuncs.com/lmdeploy_dlinfer/ascend:a2" },
        { file: "stacks/lmdeploy-ascend-2x8.ts", holds: "allowFloatingTag: true" },
      ],
    },
    environment(
      "GLOO_SOCKET_IFNAME=IFNAME",
      "GLOO_SOCKET_IFNAME",
      "interface",
      "found on each node, before Ray",
    ),
    environment("TP_SOCKET_IFNAME=IFNAME", "TP_SOCKET_IFNAME", "interface", "found on each node, before Ray"),
    environment(
      "HCCL_IF_IP=NODE_IP",
      "HCCL_IF_IP",
      "address",
      "each node's own address, and no other node gets it",
    ),
    environment(
      "RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES=1",
      "RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES",
      "1",
      "set on every node before Ray",
    ),
    HEAD,
    {
      part: RAY,
      guide: "`ray start --address=HEAD_NODE_IP:PORT --node-ip-address=NODE_IP` on the others",
      here: "address of the head and of the node are in the plan",
      shown: [
        { ray: "address", is: "192.0.2.11:6379" },
        { file: RAY_PROCESS, holds: "--node-ip-address" },
      ],
    },
    STATUS,
    {
      part: RAY,
      guide: "`ray stop` on every node",
      here: "`cdktf destroy`, or the end of a container: SIGTERM ends engine and Ray in order",
      shown: [{ file: "lib/runtime/ray_node/agent/supervisor.py", holds: "def _stop" }],
    },
    {
      part: RANKS,
      guide: "`ASCEND_RANK_TABLE_FILE_PATH` and a table written by hand, the same on all nodes",
      here: "LMDeploy reads none since 0.15.0, which this image holds; for older ones it is made of the devices' addresses",
      absent: [{ variable: "ASCEND_RANK_TABLE_FILE_PATH", is: "/path/to/rank_table.json" }],
    },
    API_SERVER,
    TP,
    {
      part: SERVE,
      guide: "`--device ascend`",
      here: "follows from the accelerator",
      shown: [{ argument: "--device ascend" }],
    },
    {
      part: SERVE,
      guide:
        "or `lmdeploy serve proxy`, and a server with `--dp 2 --tp 16 --proxy-url ... --nnodes 2 --node-rank` on each node",
      here:
        "`new LmdeployServe({ dataParallelSize: 2 })`: the head runs the proxy, which is the endpoint, and every node its servers; " +
        "`expertParallelSize: 16` besides keeps experts whole. The plan of this stack has one group of 16",
      shown: [{ file: "lib/engines/lmdeploy/lmdeploy-proxy.ts", holds: "--proxy-url" }],
    },
    {
      part: SERVE,
      guide: "`--eager-mode`, the only one over several nodes",
      here: "set on Ascend by default",
      shown: [{ argument: "--eager-mode" }],
    },
    {
      part: TROUBLE,
      guide: "`hccn_tool -i $i -ip -g`, for every device of every node (and `-inet6`)",
      here: "asked by every node in the preflight; a device without address is named",
      shown: [{ file: "lib/runtime/ray_node/hardware/npu/facts.py", holds: '"-ip"' }],
    },
    {
      part: TROUBLE,
      guide: "`hccn_tool -i 0 -ping -g address <IP>` from node to node",
      here: "every device pings its counterparts on the other nodes in the preflight",
      shown: [{ file: "lib/runtime/ray_node/hardware/npu/pings.py", holds: "_ping" }],
    },
    {
      part: TROUBLE,
      guide: "`hccn_tool -i $i -tls -g | grep switch`, compared by eye",
      here: "compared over all devices of all nodes; the one that differs is named",
      shown: [{ file: "lib/runtime/ray_node/hardware/npu/facts.py", holds: '"-tls"' }],
    },
    rayStatus("`ray status` in the head's container"),
    PIPELINE,
    RAY_INIT,
  ],
};
