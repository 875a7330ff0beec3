import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Token } from "cdktf";
import { BACKEND_POOL_TOPIC } from "../../../../lib/aws/cluster/backend-pool-rules";
import { BACKEND_TOPIC } from "../../../../lib/aws/cluster/backend-rules";
import { DISK_TOPIC } from "../../../../lib/aws/cluster/disk-rules";
import { AwsMachineImage } from "../../../../lib/aws/pool/machine-image";
import { AwsInstanceType } from "../../../../lib/aws/pool/instance-type";
import type { IAwsStorage } from "../../../../lib/aws/storage/storage";
import type { IClusterNetwork } from "../../../../lib/aws/network/network-props";
import { Capacity } from "../../../../lib/aws/pool/capacity";
import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { Speculation } from "../../../../lib/engines/vllm/speculation";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { PlanError } from "../../../../lib/problems/plan-error";
import type { Problem } from "../../../../lib/problems/problem";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { HostPathStorage, type IStorage } from "../../../../lib/topology/declaration/storage";
import { engine } from "../../../support/engines";
import { type AwsClusterChange, buildAwsCluster } from "../../../support/aws-clusters";
import { describeRules, type RuleCase } from "../support/rule-cases";

const outdir = mkdtempSync(join(tmpdir(), "ray-cluster-rules-"));
afterAll(() => {
  rmSync(outdir, { recursive: true });
});

const NETWORK: IClusterNetwork = {
  vpcId: "vpc-0123456789abcdef0",
  subnetId: "subnet-0123456789abcdef0",
  subnetCidr: "10.20.0.0/20",
  availabilityZone: "us-east-1a",
  securityGroupId: "sg-0123456789abcdef0",
  securityGroupHasSelfRules: true,
};
const NFS: IAwsStorage = {
  hostPath: "/mnt/nas",
  mountPath: "/models",
  isShared: true,
  isReachedByEfa: false,
  mount: { source: "nas:/m", hostPath: "/mnt/nas", type: "nfs4", options: [], after: [] },
};
const NFS_ELSEWHERE: IAwsStorage = { ...NFS, mountPath: "/nas", availabilityZone: "us-east-1b" };
const IMAGE = ContainerImage.of(
  `111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:${"0123456789abcdef".repeat(4)}`,
  {
    rayVersion: "2.58.0",
  },
);
const PUBLIC = `vllm/vllm-openai@sha256:${"0123456789abcdef".repeat(4)}`;
const P5 = AwsInstanceType.of("p5.48xlarge");
/** Known only at apply. */
const LATE = Token.asString({ resolve: () => "later" });
const REVISION = "0123456789abcdef0123456789abcdef01234567";

/** Problems of a cluster without mistakes and one change. */
function problems(change: AwsClusterChange): readonly Problem[] {
  try {
    return buildAwsCluster(new App({ outdir }), {
      ...change,
      backend: { network: NETWORK, ...change.backend },
      cluster: {
        pools: [P5.nodePool("gpu", 4)],
        storage: [NFS],
        image: IMAGE,
        engine: new EmulatedServe(),
        model: undefined,
        ...change.cluster,
      },
    }).plan.warnings;
  } catch (error) {
    if (error instanceof PlanError) {
      return error.problems;
    }
    throw error;
  }
}
const rulesOf = (change: AwsClusterChange) => problems(change).map(({ rule }) => rule);
const ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tls-Ab12Cd";
const model = (token: SecretRef) => ModelSource.huggingFace("a/b", { revision: REVISION, token });

/** 812 GB of weights, fetched to a storage. */
const fetched = (storage: IStorage): AwsClusterChange => ({
  cluster: {
    storage: [storage],
    model: ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
      revision: REVISION,
      token: SecretRef.managed(ARN),
    }),
  },
});

/** The same with another model that guesses for it. */
const drafted = (storage: IStorage): AwsClusterChange => {
  const { cluster } = fetched(storage);
  const draft = ModelSource.huggingFace("Qwen/Qwen2.5-72B-Instruct", { revision: REVISION });
  const speculation = Speculation.eagle3({ model: draft, tokens: 3 });
  return { cluster: { ...cluster, engine: new VllmServe({ speculation }) } };
};

const CASES: readonly RuleCase<AwsClusterChange>[] = [
  // Without the draft the model has room.
  [drafted({ ...NFS, capacityGB: 900 } as IStorage), "RC483", "storage", "a file system of 900 GB"],
  [
    fetched(HostPathStorage.perNode("/var/lib/ray-cluster/models")),
    "RC483",
    "storage",
    "a root volume of 200 GiB, 125 of them free",
  ],
  [fetched({ ...NFS, capacityGB: 480 } as IStorage), "RC483", "storage", "a file system of 480 GB"],
  [
    { cluster: { pools: [{ ...P5.nodePool("gpu", 4), machineType: undefined }] } },
    "RC447",
    "pools[0].machineType",
    "nothing",
  ],
  [
    { cluster: { pools: [{ ...P5.nodePool("gpu", 4), accelerator: Accelerator.H200 }] } },
    "RC430",
    "pools[0].accelerator",
    "'h200'",
  ],
  [
    { cluster: { pools: [{ ...P5.nodePool("gpu", 4), machineType: "p5.4xlarge" }] } },
    "RC431",
    "pools[0].acceleratorsPerNode",
    "8",
  ],
  [
    {
      cluster: {
        pools: [{ ...P5.nodePool("gpu", 4), acceleratorsPerNode: undefined, devices: [4, 5, 6, 8] }],
      },
    },
    "RC431",
    "pools[0].devices",
    "device 8",
  ],
  [
    { cluster: { pools: [{ ...P5.nodePool("gpu", 4), acceleratorsPerNode: 4 }] } },
    "RC432",
    "pools[0].acceleratorsPerNode",
    "4",
  ],
  [
    { cluster: { storage: [NFS, HostPathStorage.shared("/mnt/other", { mountPath: "/other" })] } },
    "RC450",
    "storage[1]",
    "'/mnt/other'",
  ],
  [
    {
      cluster: {
        image: ContainerImage.withPythonPackages(IMAGE, ["numpy==2.0.0"], {
          pipConfigurationFile: "~/pip.conf",
        }),
      },
    },
    "RC435",
    "image",
    "'~/pip.conf'",
  ],
  [
    {
      cluster: {
        pools: [
          P5.nodePool("gpu", 2),
          { ...AwsInstanceType.of("p4de.24xlarge").nodePool("old", 2), accelerator: Accelerator.A100_80GB },
        ],
      },
    },
    "RC436",
    "pools",
    "p5.48xlarge and p4de.24xlarge",
  ],
  [{ backend: { pools: [{ pool: "gpus" }] } }, "RC437", "backend.pools[0].pool", "'gpus'"],
  [{ backend: { pools: [{ pool: "gpu" }, { pool: "gpu" }] } }, "RC449", "backend.pools[1].pool", "'gpu'"],
  [
    {
      backend: {
        machineImage: AwsMachineImage.ami("ami-0123456789abcdef0", {
          rootDeviceName: "/dev/sda1",
          localDiskFolder: "/nvme",
        }),
        maxUsdPerHour: 1000,
      },
      cluster: {
        pools: [AwsInstanceType.of("inf2.48xlarge").nodePool("gpu", 2)],
        fabric: Fabric.TCP,
        storage: [NFS, HostPathStorage.perNode("/nvme/x", { mountPath: "/x" })],
      },
    },
    "RC439",
    "storage[1]",
    "'/nvme/x'",
  ],
  [{ backend: { bootTimeoutSeconds: 5 } }, "RC428", "backend.bootTimeoutSeconds", "5"],
  [
    { backend: { clientCidrs: ["10.0.0.0/8", "0.0.0.0/0"] } },
    "RC426",
    "backend.clientCidrs[1]",
    "'0.0.0.0/0'",
  ],
  [{ backend: { maxUsdPerHour: 0 } }, "RC429", "backend.maxUsdPerHour", "0"],
  [{ backend: { maxUsdPerHour: NaN } }, "RC429", "backend.maxUsdPerHour", "NaN"],
  [{ backend: { maxUsdPerHour: 220.15 } }, "RC452", "backend.maxUsdPerHour", "220.15"],
  [
    { cluster: { engine: new VllmServe({ modelPath: "/m", apiKeys: SecretRef.managed("sk-secret") }) } },
    "RC425",
    "engine.apiKeys",
    "a text that is not shown",
  ],
  [
    {
      cluster: {
        engine: new VllmServe({
          modelPath: "/m",
          tls: { certificate: SecretRef.managed(ARN), key: SecretRef.managed("-----BEGIN") },
        }),
      },
    },
    "RC425",
    "engine.tls.key",
    "a text that is not shown",
  ],
  [
    { cluster: { secrets: { WANDB_API_KEY: SecretRef.managed("wandb") } } },
    "RC425",
    "secrets.WANDB_API_KEY",
    "a text that is not shown",
  ],
  [
    { cluster: { model: model(SecretRef.managed("hf_secret")) } },
    "RC425",
    "model.token",
    "a text that is not shown",
  ],
  [
    {
      backend: { network: { ...NETWORK, reachesOutside: false } },
      cluster: { image: ContainerImage.of(PUBLIC, { rayVersion: "2.58.0" }) },
    },
    "RC427",
    "image",
    expect.stringContaining("vllm/vllm-openai@sha256:"),
  ],
  [{ backend: { headAddress: LATE } }, "RC438", "backend.headAddress", "a value that is known only at apply"],
  [
    { backend: { network: { ...NETWORK, subnetCidr: LATE } } },
    "RC438",
    "backend.network.subnetCidr",
    "a value that is known only at apply",
  ],
];

describe("rules of a cluster on EC2", () => {
  describeRules(
    [BACKEND_TOPIC, BACKEND_POOL_TOPIC, DISK_TOPIC],
    CASES,
    problems,
    join(__dirname, "backend-rules.golden.txt"),
  );

  it("accept weights on a file system or on own disks that hold them", () => {
    expect(rulesOf(fetched({ ...NFS, capacityGB: 1200 } as IStorage))).toEqual([]);
    expect(rulesOf(fetched(NFS))).toEqual([]);
    expect(rulesOf(fetched(HostPathStorage.perNode("/opt/dlami/nvme/models")))).toEqual([]);
  });

  it("accept a cluster without mistakes, and one whose secrets are ARNs", () => {
    expect(problems({})).toEqual([]);
    const secret = SecretRef.managed(ARN);
    const engine = new VllmServe({
      modelPath: "/m",
      apiKeys: secret,
      tls: { certificate: secret, key: secret },
    });
    expect(rulesOf({ cluster: { engine, secrets: { WANDB_API_KEY: secret } } })).not.toContain("RC425");
  });

  it("warn of everything that a network without internet access does not reach", () => {
    const change: AwsClusterChange = {
      backend: { network: { ...NETWORK, reachesOutside: false } },
      cluster: {
        image: ContainerImage.withPythonPackages(ContainerImage.of(PUBLIC), ["ray==2.58.0"]),
        model: ModelSource.huggingFace("a/b", { revision: REVISION }),
      },
    };
    const outside = problems(change).filter(({ rule }) => rule === "RC427");
    expect(outside.map(({ level, path, got }) => [level, path, got])).toEqual([
      ["warning", "image", "'Python packages of an index'"],
      ["warning", "image", expect.stringContaining("vllm/vllm-openai@sha256:")],
      ["warning", "model.endpoint", "'https://huggingface.co'"],
    ]);
    expect(rulesOf({ ...change, backend: { network: { ...NETWORK, reachesOutside: true } } })).toEqual([]);
  });

  it("count a client network that is known only at apply without judging it", () => {
    expect(problems({ backend: { clientCidrs: [LATE, "1.2.3.0/24"] } }).map(({ path }) => path)).toEqual([
      "backend.clientCidrs[1]",
    ]);
  });
});

describe("problems of pools and topology in a cluster on EC2", () => {
  it.each<[string, AwsClusterChange, string, string]>([
    [
      "an unknown machine type",
      { cluster: { pools: [AwsInstanceType.of("p5.48xlarg").nodePool("gpu", 4)] } },
      "RC400",
      "pools[0].machineType",
    ],
    ["a fabric that the type does not have", { cluster: { fabric: Fabric.INFINIBAND } }, "RC401", "fabric"],
    [
      "a head address that AWS reserves",
      { backend: { headAddress: "10.20.0.2" } },
      "RC410",
      "backend.headAddress",
    ],
    ["a small root volume", { backend: { rootVolumeGiB: 20 } }, "RC409", "backend.rootVolumeGiB"],
    [
      "a small root volume of one pool",
      { backend: { pools: [{ pool: "gpu", rootVolumeGiB: 20 }] } },
      "RC409",
      "backend.pools[0].rootVolumeGiB",
    ],
    [
      "a reservation in another zone",
      {
        backend: {
          capacity: Capacity.reservation("cr-0123456789abcdef0", { availabilityZone: "us-east-1b" }),
        },
      },
      "RC404",
      "backend.capacity.availabilityZone",
    ],
    [
      "storage in another zone",
      {
        cluster: {
          storage: [HostPathStorage.perNode(), NFS_ELSEWHERE],
        },
      },
      "RC413",
      "storage[1]",
    ],
    [
      "a secret in a file of the head",
      { cluster: { model: model(SecretRef.hostFile("/root/token")) } },
      "RC139",
      "model.token",
    ],
    [
      "an engine with variables per node",
      { cluster: { engine: engine({ nodeEnvironment: [{ RANK: "0" }, { RANK: "1" }] }) } },
      "RC079",
      "pools[0]",
    ],
  ])("%s is reported where it is declared", (_, change, rule, path) => {
    expect(problems(change).map((problem) => [problem.rule, problem.path])).toEqual([[rule, path]]);
  });

  it("what several pools have in common is reported once", () => {
    const change: AwsClusterChange = {
      backend: { network: { ...NETWORK, securityGroupHasSelfRules: false } },
      cluster: { pools: [P5.nodePool("gpu", 2), P5.nodePool("more", 2)] },
    };
    expect(rulesOf(change)).toEqual(["RC405"]);
  });

  it("are reported together", () => {
    const found = rulesOf({
      backend: { bootTimeoutSeconds: 1, headAddress: "10.20.0.1", pools: [{ pool: "x" }] },
      cluster: { pools: [{ ...P5.nodePool("gpu", 0), accelerator: Accelerator.A100_40GB }] },
    });
    expect(found.sort()).toEqual(["RC011", "RC410", "RC428", "RC430", "RC437"]);
  });
});
