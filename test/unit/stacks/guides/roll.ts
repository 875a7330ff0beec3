import type { Guide, Row } from "./guide";
import { LOGS, SHELL } from "./use";

const MACHINES = "Machines and containers";
const RUN = "Run";
const SETTINGS = "Settings for small memory";

function variable(name: string, is: string, here: string): Row {
  return { part: RUN, guide: `\`export ${name}=...\` on every node`, here, shown: [{ variable: name, is }] };
}

function setting(guide: string, text: string, here = "in the profile `RollProfile.V100_MEMORY`"): Row {
  return { part: SETTINGS, guide: `\`${guide}\``, here, shown: [{ text }] };
}

/** A setting of one role of the pipeline. */
function inRole(role: string, guide: string, text: string, here?: string): Row {
  const row = setting(`${role}.${guide}`, text, here);
  return { ...row, shown: [{ text: `"${role}": {` }, { text }] };
}

/** A key that ROLL's source calls otherwise. */
function renamed(guide: string, name: string, text: string): Row {
  const key = guide.split(":")[0]?.split(".")[1];
  return {
    part: SETTINGS,
    guide: `\`${guide}\``,
    here: `in the profile as \`${name}\`: ROLL's source has no such key as the guide's, and ignores it in silence`,
    shown: [{ text }],
    absent: [{ text: `"${key}":` }],
  };
}

export const ROLL: Guide = {
  stack: "roll-2x2",
  title: "ROLL over two machines with two V100 each: the guide and the stack",
  rows: [
    {
      part: MACHINES,
      guide: "a script from the web, piped into `sudo bash`, for Docker and the NVIDIA container toolkit",
      here: "`npx cdktf-ray-cluster prepare-hosts` installs from signed packages and shows what it runs before it runs it",
    },
    {
      part: MACHINES,
      guide: "`docker run --gpus all`",
      here: "the planned GPUs, through the NVIDIA runtime",
      shown: [{ resource: "GPU", perNode: 2 }, { device: ["/dev/nvidia0", "/dev/nvidia1"] }],
    },
    {
      part: MACHINES,
      guide: "`-p 9001:22`",
      here: "nobody logs in to a node, and Ray needs every port between the nodes: the machine's network",
      absent: [{ argument: "9001" }],
    },
    {
      part: MACHINES,
      guide: "`--ipc=host --shm-size=10gb`",
      here: "shared memory of the container's own, by the number of GPUs; the host's is not shared",
      shown: [{ sharedMemoryMiB: 4096 }],
    },
    {
      part: MACHINES,
      guide: "the image `pytorch:nvcr-24.05-py3-torch260-vllm084`",
      here: "the base of an image that each machine builds, since it holds neither ROLL nor its requirements",
      shown: [
        {
          image: "roll-registry.cn-hangzhou.cr.aliyuncs.com/roll/pytorch:nvcr-24.05-py3-torch260-vllm084",
        },
      ],
    },
    {
      part: MACHINES,
      guide: "`nvidia-smi` by eye",
      here: "device nodes are counted on every node, and Ray's count is compared with the plan",
      shown: [{ file: "lib/runtime/ray_node/cluster/devices.py", holds: "def count" }],
    },
    {
      part: MACHINES,
      guide: "`git clone` of ROLL in every container",
      here: "a source of the image, one commit for all nodes; the node program checks that it is there",
      shown: [
        { repository: "https://github.com/alibaba/ROLL" },
        { file: "lib/runtime/ray_node/cluster/requirements.py", holds: "paths" },
      ],
    },
    {
      part: MACHINES,
      guide: "`pip install -r requirements_torch260_vllm.txt` in every container",
      here: "when the image is built, by the same file; its torch stays, the nodes compare what they hold, and the index is PIP_INDEX_URL of where Terraform runs",
      shown: [{ requirements: "requirements_torch260_vllm.txt" }],
    },
    variable("MASTER_ADDR", "192.0.2.11,192.0.2.11", "the head's planned address"),
    variable("MASTER_PORT", "6379,6379", "the port of Ray on the head"),
    variable("WORLD_SIZE", "2,2", "the number of nodes"),
    variable("RANK", "0,1", "each node's own, in the order of the plan"),
    variable(
      "NCCL_SOCKET_IFNAME",
      "exact-interface",
      "found on each node; `=` before it, since NCCL reads a prefix",
    ),
    variable("GLOO_SOCKET_IFNAME", "interface", "found on each node"),
    {
      part: RUN,
      guide: "`bash run_agentic_pipeline_frozen_lake_multi_nodes_demo.sh` on the head",
      here: "its one command is the job; the node program runs it when the membership is whole",
      shown: [
        { argument: "python3 /workspace/ROLL/examples/start_agentic_pipeline.py" },
        { text: "agent_val_frozen_lake_multi_nodes_demo" },
      ],
    },
    {
      part: RUN,
      guide: "`ray start --address='<head>:<port>' --num-gpus=2` on the other node",
      here: "the node program starts it, with the GPUs of the plan",
      shown: [
        { ray: "address", is: "192.0.2.11:6379" },
        { file: "lib/runtime/ray_node/cluster/ray_process.py", holds: "--address" },
      ],
    },
    setting("num_gpus_per_node: 2", '"num_gpus_per_node": 2', "follows from the cluster"),
    ...["actor_train", "actor_infer", "reference"].flatMap((role) => [
      inRole(
        role,
        "device_mapping: list(range(0,4))",
        '"device_mapping": "list(range(0,4))"',
        "follows from the cluster",
      ),
      inRole(role, "model_args.dtype: fp16", '"dtype": "fp16"'),
    ]),
    setting("rollout_batch_size: 64", '"rollout_batch_size": 64'),
    setting("val_batch_size: 16", '"val_batch_size": 16'),
    setting("max_actions_per_traj: 10", '"max_actions_per_traj": 10'),
    setting("gradient_accumulation_steps: 16", '"gradient_accumulation_steps": 16'),
    setting("per_device_train_batch_size: 1", '"per_device_train_batch_size": 1'),
    setting("max_steps: 100", '"max_steps": 100'),
    setting(
      "strategy_name: megatron_train",
      '"strategy_name": "megatron_train"',
      "in the profile, under `actor_train.strategy_args`, where ROLL's source has it",
    ),
    setting("tensor_model_parallel_size: 1", '"tensor_model_parallel_size": 1'),
    setting("pipeline_model_parallel_size: 1", '"pipeline_model_parallel_size": 1'),
    setting("expert_model_parallel_size: 1", '"expert_model_parallel_size": 1'),
    setting("use_distributed_optimizer: true", '"use_distributed_optimizer": true'),
    setting("recompute_granularity: full", '"recompute_granularity": "full"'),
    setting("val_env_manager.tags: [SimpleSokoban, FrozenLake]", '"SimpleSokoban"'),
    renamed("train_env_manager.env_groups: 1", "num_env_groups", '"num_env_groups": 1'),
    renamed("train_env_manager.n_groups: 1", "num_groups_partition", '"num_groups_partition": ['),
    renamed("val_env_manager.env_groups: 2", "num_env_groups", '"num_env_groups": 2'),
    renamed("val_env_manager.n_groups: [1, 1]", "num_groups_partition", '"num_groups_partition": ['),
    SHELL,
    LOGS,
  ],
};
