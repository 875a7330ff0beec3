import type { Guide } from "./guide";
import { VLLM_405B } from "./vllm";

/** What is said of each line of the guide for one-click machines where the machines are made by the deployment. */
const HERE: { readonly [guide: string]: Omit<Guide["rows"][number], "part" | "guide"> } = {
  "`export HEAD_IP=...` on every node": {
    here: "the plan keeps the tenth address of the subnet for the head, and all machines know it before there is one",
    shown: [{ ray: "address", is: "10.20.0.10:6379" }],
  },
  "`SHARED_DIR=/home/ubuntu/shared`": {
    here: "`FsxLustreStorage`: a file system beside the machines, mounted before the container starts",
    shown: [{ storage: "/mnt/models:/models" }],
  },
  "`HF_HOME=$SHARED_DIR/.cache/huggingface`": {
    here: "no cache of the hub: a folder for this model at this commit, complete or not there",
    absent: [{ variable: "HF_HOME", is: "/mnt/models/.cache/huggingface" }],
  },
  "`HF_TOKEN=hf_...` and `huggingface-cli login --token`": {
    here: "`SecretRef.managed`: the ARN of a secret, which the head's machine alone may read, into memory, at boot",
    absent: [{ variable: "HF_TOKEN", is: "..." }],
  },
  "`run_cluster.sh vllm/vllm-openai $HEAD_IP --head $HF_HOME`, a terminal that stays open": {
    here: "a systemd unit that cloud-init sets up, at every boot; Ray with every port pinned",
    shown: [
      { file: "lib/bootstrap/rootfs/etc/systemd/system/ray-cluster.service", holds: "Restart=always" },
      { ray: "head port", is: "6379" },
      { network: "host" },
    ],
  },
  "the image `vllm/vllm-openai`, without a tag": {
    here: "AWS's image of a pinned version, for the library of EFA, and Ray added, which it lacks as well",
    shown: [
      { image: "public.ecr.aws/deep-learning-containers/vllm:server-cuda-v" },
      { file: "stacks/vllm-405b-4x8-h100.ts", holds: "withPythonPackages" },
    ],
  },
  "`run_cluster.sh ... --worker` on three machines": {
    here: "a group of three machines; one that is lost is replaced, and the new one joins",
    shown: [{ file: "lib/aws/pool/node-pool.ts", holds: "new AutoscalingGroup" }],
  },
  "InfiniBand is left out": {
    here: "`Fabric.EFA`: 32 devices a machine, and NCCL may use nothing else",
    shown: [
      { device: ["/dev/infiniband"] },
      { variable: "NCCL_NET", is: "AWS Libfabric" },
      { variable: "FI_PROVIDER", is: "efa" },
    ],
  },
  "`docker exec -it <container> /bin/bash`": {
    here:
      "`npx cdktf-ray-cluster shell <stack> --node <node>`, through Session Manager; its calls are tested, a session on EC2 " +
      "was not tried",
    shown: [{ file: "test/unit/cli/cluster/command-line.test.ts", holds: "AWS-StartInteractiveCommand" }],
  },
  "`ray status` on any node": {
    here: "`npx cdktf-ray-cluster run <stack> -- ray status`, through Session Manager, and `status <stack>` for all nodes",
    shown: [
      { inContainer: "RAY_AUTH_MODE", is: "token" },
      { file: "test/unit/cli/cluster/command-line.test.ts", holds: "AWS-StartNonInteractiveCommand" },
    ],
  },
};

export const VLLM_405B_AWS: Guide = {
  stack: "vllm-405b-4x8-h100",
  title: "Llama 3.1 405B on four machines of EC2: the guide and the stack",
  rows: [
    {
      part: "Machines",
      guide: "four machines that somebody has ordered before",
      here: "created by the deployment, with network, file system and permissions, if their price per hour is within your limit",
      shown: [
        { resource: "GPU", perNode: 8 },
        { file: "lib/aws/account/price-limit.ts", holds: "no limit is set" },
      ],
    },
    ...VLLM_405B.rows.map((row) => ({ part: row.part, guide: row.guide, ...(HERE[row.guide] ?? bare(row)) })),
  ],
};

const unused = Object.keys(HERE).filter((line) => !VLLM_405B.rows.some(({ guide }) => guide === line));
if (unused.length > 0) {
  throw new Error(`the guide has no line ${unused.join(", ")}`);
}

/** As it is on any machine. */
function bare({ here, shown, absent }: Guide["rows"][number]): Omit<Guide["rows"][number], "part" | "guide"> {
  return { here, shown, absent };
}
