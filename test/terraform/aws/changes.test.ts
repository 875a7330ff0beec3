import { AwsBackend } from "../../../lib/aws/cluster/aws-backend";
import type { AwsBackendProps } from "../../../lib/aws/cluster/backend-props";
import { AwsMachineImage } from "../../../lib/aws/pool/machine-image";
import { EmulatedServe } from "../../../lib/engines/emulated/emulated-serve";
import { RayCluster, type RayClusterProps } from "../../../lib/ray-cluster";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import type { NodePool } from "../../../lib/topology/declaration/cluster-props";
import { HostPathStorage } from "../../../lib/topology/declaration/storage";
import { AWS_PROVIDER, awsTerraform, offlineAwsProvider } from "../../support/aws-provider";
import { modelAt, imageOf, OF_THE_WORKLOAD } from "../../support/changed-declaration";
import { Deployed } from "../../support/deployed-state";
import { describeWith, TERRAFORM } from "../../support/requirements";
import { Synthesized } from "../../support/synth";

jest.setTimeout(300_000);

const POOL = {
  name: "gpu",
  nodes: 4,
  machineType: "p5.48xlarge",
  accelerator: Accelerator.EMULATED_GPU,
  acceleratorsPerNode: 8,
};

/** A change of the declaration. */
interface Change {
  readonly cluster?: Partial<RayClusterProps>;
  readonly pool?: Partial<NodePool>;
  readonly backend?: Partial<AwsBackendProps>;
}

/** A network of somebody else's. */
const NETWORK = {
  vpcId: "vpc-0123456789abcdef0",
  subnetId: "subnet-0123456789abcdef0",
  subnetCidr: "10.20.0.0/20",
  availabilityZone: "us-east-1a",
  securityGroupId: "sg-0123456789abcdef0",
  securityGroupHasSelfRules: true,
};

/** What needs nobody to be asked while it is planned: no account, and no parameter that names a machine image. */
const OFFLINE: AwsBackendProps = {
  network: NETWORK,
  maxUsdPerHour: 1000,
  asksAccount: false,
  pools: [
    {
      pool: POOL.name,
      machineImage: AwsMachineImage.ami("ami-0123456789abcdef0", {
        rootDeviceName: "/dev/sda1",
        localDiskFolder: "/opt/dlami/nvme",
      }),
    },
  ],
};

/** A head and three workers with emulated accelerators, and a model of a hub on each machine's own disk. */
function synth({ cluster, pool, backend }: Change): Synthesized {
  return Synthesized.of((scope) => {
    offlineAwsProvider(scope);
    new RayCluster(scope, "c", {
      backend: new AwsBackend({ ...OFFLINE, ...backend }),
      pools: [{ ...POOL, ...pool }],
      fabric: Fabric.TCP,
      image: imageOf("1"),
      storage: [HostPathStorage.perNode("/opt/dlami/nvme/models")],
      engine: new EmulatedServe(),
      model: modelAt("1"),
      ...cluster,
    });
  });
}

describeWith([TERRAFORM, AWS_PROVIDER], "a changed declaration of machines of EC2", () => {
  const made: Synthesized[] = [];
  let deployed: Deployed;
  const stackOf = (change: Change = {}) => {
    const stack = synth(change);
    made.push(stack);
    return stack;
  };
  beforeAll(() => {
    deployed = new Deployed(stackOf(), awsTerraform);
  });
  afterAll(() => {
    made.forEach((stack) => {
      stack.remove();
    });
  });

  /** What a plan does beside its own record of the declaration's words, which is updated in place. */
  const planOf = (change: Change) =>
    [...deployed.changesTo(stackOf(change))]
      .map(([address, action]) => `${address.replace(/^\w+\.c_(.*)_[0-9A-F]{8}$/, "$1")} ${action}`)
      .filter((text) => text !== "lives update")
      .sort();
  const WAIT = ["ready_stack replace", "workload_object replace"];

  it.each(OF_THE_WORKLOAD)("replaces the workload's object and the wait alone for %s", (_, change) => {
    expect(planOf(change)).toEqual(WAIT);
  });

  it.each<[string, Change, readonly string[]]>([
    ["two nodes more", { pool: { nodes: 6 } }, ["pool-gpu_workers update", ...WAIT]],
    ["two nodes less", { pool: { nodes: 2 } }, ["pool-gpu_workers update", ...WAIT]],
    ["another port of the API", { cluster: { engine: new EmulatedServe({ port: 9000 }) } }, WAIT],
    ["a network of clients", { backend: { clientCidrs: ["10.8.0.0/16"] } }, ["client-0 create"]],
    ["a higher price limit", { backend: { maxUsdPerHour: 2000 } }, []],
  ])("touches what it must for %s", (_, change, expected) => {
    expect(planOf(change)).toEqual([...expected].sort());
  });
});
