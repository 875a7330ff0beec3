import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack, TerraformVariable } from "cdktf";
import { AwsMachineImage } from "../../../../lib/aws/pool/machine-image";
import { AwsInstanceType } from "../../../../lib/aws/pool/instance-type";
import type { IAwsStorage } from "../../../../lib/aws/storage/storage";
import type { IClusterNetwork } from "../../../../lib/aws/network/network-props";
import { Capacity } from "../../../../lib/aws/pool/capacity";
import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { ModelSource } from "../../../../lib/topology/declaration/model-source";
import { PlanError, problemLine } from "../../../../lib/problems/plan-error";
import type { Problem } from "../../../../lib/problems/problem";
import { SecretRef } from "../../../../lib/topology/declaration/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { engine } from "../../../support/engines";
import { type AwsClusterChange, buildAwsCluster } from "../../../support/aws-clusters";

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
const IMAGE = ContainerImage.of(
  `111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:${"0123456789abcdef".repeat(4)}`,
  {
    rayVersion: "2.58.0",
  },
);
const PUBLIC = `vllm/vllm-openai@sha256:${"0123456789abcdef".repeat(4)}`;
const P5 = AwsInstanceType.of("p5.48xlarge");
const REVISION = "0123456789abcdef0123456789abcdef01234567";

/** A cluster with which nothing is wrong, and one change. */
function problems(change: AwsClusterChange): readonly Problem[] {
  try {
    return buildAwsCluster(new App({ outdir }), {
      ...change,
      backend: { network: NETWORK, storage: [NFS], ...change.backend },
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
const lines = (change: AwsClusterChange) => problems(change).map((problem) => problemLine(problem).trim());

test("with nothing wrong there is no problem", () => {
  expect(lines({})).toEqual([]);
});

const CASES: readonly [string, AwsClusterChange, string][] = [
  [
    "an accelerator that the type does not have",
    { cluster: { pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H200 }] } },
    "- pools[0].accelerator [RC430]: must be 'h100', which is what p5.48xlarge has, got 'h200'; use AwsInstanceType.of('p5.48xlarge').nodePool(...), or another instance type",
  ],
  [
    "more accelerators than the type has",
    { backend: { instanceType: "p5.4xlarge" }, cluster: { pools: [P5.nodePool("gpu", 4)] } },
    "- pools[0].acceleratorsPerNode [RC431]: must be at most 1, the number of p5.4xlarge, got 8; use AwsInstanceType.of('p5.4xlarge').nodePool(...)",
  ],
  [
    "fewer of them, which is legal",
    { cluster: { pools: [{ ...P5.nodePool("gpu", 4), acceleratorsPerNode: 4 }] } },
    "- pools[0].acceleratorsPerNode [RC432]: should be 8: p5.48xlarge has so many, and all of them are paid for, got 4; use AwsInstanceType.of('p5.48xlarge').nodePool(...), or a smaller type",
  ],
  [
    "a shared folder that no machine mounts",
    { cluster: { storage: [NFS, HostPathStorage.shared("/mnt/other", { mountPath: "/other" })] } },
    "- storage[1] [RC433]: must be storage of the backend, or a folder of each machine's own, got '/mnt/other', which no machine mounts; give it to the AwsBackend too: storage: [...]; for a disk of the machine use HostPathStorage.perNode",
  ],
  [
    "storage on AWS that the backend was not given",
    { backend: { storage: [] } },
    "- storage[0] [RC433]: must be storage of the backend, or a folder of each machine's own, got '/mnt/nas', which no machine mounts; give it to the AwsBackend too: storage: [...]; for a disk of the machine use HostPathStorage.perNode",
  ],
  [
    "storage that no container has",
    { cluster: { storage: [] } },
    "- backend.storage[0] [RC434]: is mounted on the machines, and no container has it, got '/mnt/nas'; give it to the cluster too: storage: [...]",
  ],
  [
    "a file of the machine of Terraform",
    {
      cluster: {
        image: ContainerImage.withPythonPackages(IMAGE, ["numpy==2.0.0"], {
          pipConfigurationFile: "~/pip.conf",
        }),
      },
    },
    "- image [RC435]: must be built without files of your machine: nobody brings them to a machine that boots by itself, got '~/pip.conf'; build the image once, push it to a registry such as ECR, and name it with ContainerImage.of",
  ],
  [
    "P4d beside another type on EFA",
    {
      backend: { pools: [{ pool: "old", instanceType: "p4de.24xlarge" }] },
      cluster: {
        pools: [
          { ...P5.nodePool("gpu", 2), accelerator: Accelerator.H100 },
          AwsInstanceType.of("p4de.24xlarge").nodePool("old", 2),
        ],
      },
    },
    "- backend.pools [RC436]: must not mix P4d or P4de with other types: EC2 carries no EFA traffic between them, got p5.48xlarge and p4de.24xlarge; use one instance type",
  ],
  [
    "options of a pool that does not exist",
    { backend: { pools: [{ pool: "gpus" }] } },
    "- backend.pools[0].pool [RC437]: must name a pool of the cluster (gpu), each once, got 'gpus'; did you mean 'gpu'?",
  ],
  [
    "options of a pool that are given twice",
    { backend: { pools: [{ pool: "gpu" }, { pool: "gpu" }] } },
    "- backend.pools[1].pool [RC437]: must name a pool of the cluster (gpu), each once, got 'gpu'; did you mean 'gpu'?",
  ],
  [
    "a folder of disks that the type does not have",
    {
      backend: {
        instanceType: "inf2.48xlarge",
        machineImage: AwsMachineImage.ami("ami-0123456789abcdef0", {
          rootDeviceName: "/dev/sda1",
          localDiskFolder: "/nvme",
        }),
      },
      cluster: {
        pools: [AwsInstanceType.of("inf2.48xlarge").nodePool("gpu", 2)],
        fabric: Fabric.TCP,
        storage: [NFS, HostPathStorage.perNode("/nvme/x", { mountPath: "/x" })],
      },
    },
    "- storage[1] [RC439]: must lie elsewhere: inf2.48xlarge has no disks of its own, got '/nvme/x'; use HostPathStorage.perNode() on the root volume, or another instance type",
  ],
  [
    "a time for booting that no machine takes",
    { backend: { bootTimeoutSeconds: 5 } },
    "- backend.bootTimeoutSeconds [RC428]: must be a whole number of seconds from 60 to 21600, got 5; leave it out for 1800",
  ],
  [
    "clients from anywhere",
    { backend: { clientCidrs: ["10.0.0.0/8", "0.0.0.0/0"] } },
    "- backend.clientCidrs[1] [RC426]: must be an IPv4 CIDR in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, got '0.0.0.0/0'; name the network of your applications; engines ask nobody who calls",
  ],
  [
    "a consent to nothing",
    { backend: { consentUsdPerHour: 0 } },
    "- backend.consentUsdPerHour [RC429]: must be a positive number of USD per hour, got 0; leave it out until you agree to a price",
  ],
  [
    "a fabric that the type does not have",
    { cluster: { fabric: Fabric.INFINIBAND } },
    "- fabric [RC401]: must be 'efa' or 'tcp' on p5.48xlarge, got 'infiniband'; use Fabric.EFA",
  ],
  [
    "an address of the head that AWS keeps",
    { backend: { headAddress: "10.20.0.2" } },
    "- backend.headAddress [RC410]: must be in 10.20.0.0/20, without its first four addresses and its last one, which AWS keeps, got '10.20.0.2'; choose e.g. '10.20.0.10'",
  ],
  [
    "an image of another processor's pool",
    { backend: { pools: [{ pool: "gpu", rootVolumeGiB: 20 }] } },
    "- backend.pools[0].rootVolumeGiB [RC409]: must be a whole number from 75 to 16384, got 20; leave it out for 200",
  ],
  [
    "a reservation in another zone",
    {
      backend: { capacity: Capacity.reservation("cr-0123456789abcdef0", { availabilityZone: "us-east-1b" }) },
    },
    "- backend.capacity.availabilityZone [RC404]: must be the zone of the network, 'us-east-1a', got 'us-east-1b'; make the network in the zone of the reservation: one cannot be moved",
  ],
  [
    "a file of a machine that does not exist yet",
    {
      cluster: {
        model: ModelSource.huggingFace("a/b", {
          revision: REVISION,
          token: SecretRef.hostFile("/root/token"),
        }),
      },
    },
    "- model.token [RC139]: must be 'SecretRef.managed(id)' on the backend 'aws', got SecretRef.hostFile(path); name the secret where the machines of this backend find it",
  ],
  [
    "a secret that is no ARN, which is not repeated",
    {
      cluster: {
        model: ModelSource.huggingFace("a/b", { revision: REVISION, token: SecretRef.managed("hf_secret") }),
      },
    },
    "- model [RC425]: must be named as 'arn:aws:secretsmanager:<region>:<account>:secret:<name>', got a secret with another text (not shown); copy the ARN of the secret from Secrets Manager: SecretRef.managed(arn)",
  ],
  [
    "an engine whose nodes have variables of their own",
    { cluster: { engine: engine({ nodeEnvironment: [{ RANK: "0" }, { RANK: "1" }] }) } },
    "- pools[0] [RC079]: must have planned addresses: the engine 'test' numbers its nodes, got addresses assigned at boot; use a place that plans them, e.g. hosts with fixed addresses",
  ],
];

test.each(CASES)("%s", (_, change, line) => {
  expect(lines(change)).toContain(line);
});

test("what is in the way of a network without a way out are warnings", () => {
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
  expect(lines({ ...change, backend: { network: { ...NETWORK, reachesOutside: true } } })).toEqual([]);
});

test("several mistakes are all listed, those of the topology among them", () => {
  const found = problems({
    backend: { bootTimeoutSeconds: 1, headAddress: "10.20.0.1", pools: [{ pool: "x" }] },
    cluster: { pools: [{ ...P5.nodePool("gpu", 0), accelerator: Accelerator.A100_40GB }] },
  });
  expect(found.map(({ rule }) => rule).sort()).toEqual(["RC011", "RC410", "RC428", "RC430", "RC437"]);
});

test("a network whose addresses are known at apply only is refused", () => {
  const app = new App({ outdir });
  const subnetCidr = new TerraformVariable(new TerraformStack(app, "x"), "v", {
    type: "string",
  }).stringValue;
  expect(problems({ backend: { headAddress: subnetCidr } }).map(({ rule }) => rule)).toEqual(["RC438"]);
  expect(lines({ backend: { network: { ...NETWORK, subnetCidr } } })).toEqual([
    "- backend.network.subnetCidr [RC438]: must be known at synth: every machine is told where the head is before there is one, got a value that is known at apply; write the network's CIDR and the address as text",
  ]);
});
