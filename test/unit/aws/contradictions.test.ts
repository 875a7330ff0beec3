import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { TerraformStack } from "cdktf";
import { Capacity, SpotInterruption } from "../../../lib/aws/pool/capacity";
import { AwsClusterNetwork } from "../../../lib/aws/network/cluster-network";
import { FsxLustreStorage } from "../../../lib/aws/storage/fsx-lustre-storage";
import { AwsMachineImage } from "../../../lib/aws/pool/machine-image";
import type { AwsClusterNetworkProps, ExistingAwsNetworkProps } from "../../../lib/aws/network/network-props";
import { NicLayout, nicLayout } from "../../../lib/aws/pool/nic-layout";
import { EfsStorage } from "../../../lib/aws/storage/nfs-storage";
import { AwsNodePool } from "../../../lib/aws/pool/node-pool";
import type { AwsNodePoolProps } from "../../../lib/aws/pool/node-pool-props";
import { allInstanceTypes, findInstanceNetwork } from "../../../lib/catalog/instance-types";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { Synthesized } from "../../support/synth";

/** Contradictions end the synth of a stack of the constructs that a user takes, on every instance type. */
const ZONE = "us-east-1a";
const EXISTING = {
  vpcId: "vpc-0123456789abcdef0",
  subnetId: "subnet-0123456789abcdef0",
  subnetCidr: "10.0.0.0/16",
  availabilityZone: ZONE,
  securityGroupId: "sg-0123456789abcdef0",
  securityGroupHasSelfRules: true,
};

const TYPES = allInstanceTypes();
const ids = (isWanted: (type: (typeof TYPES)[number]) => boolean) =>
  TYPES.filter(isWanted).map(({ id }) => id);
const nicsOf = (id: string) => nicLayout(findInstanceNetwork(id)!, NicLayout.RECOMMENDED, true) ?? [];
const capacityOf = (id: string) =>
  TYPES.find((type) => type.id === id)?.ultraServerOnly
    ? Capacity.ultraServerBlock("arn:aws:resource-groups:us-east-1:111122223333:group/us")
    : undefined;

describe("a public address with several network interfaces", () => {
  it.each(ids(({ id }) => nicsOf(id).length > 1))("on %s is reported", (instanceType) => {
    expect(pool({ instanceType, capacity: capacityOf(instanceType), publicIp: true })).toThrow(
      /publicIp \[RC403\]/,
    );
  });
});

describe("several zones", () => {
  it("of one network are reported", () => {
    expect(network({ availabilityZone: "us-east-1a,us-east-1b" })).toThrow(/availabilityZone \[RC446\]/);
  });

  it("of a network and a reservation are reported", () => {
    const capacity = Capacity.reservation("cr-0123456789abcdef0", { availabilityZone: "us-east-1b" });
    expect(pool({ capacity })).toThrow(/capacity\.availabilityZone \[RC404\]/);
  });

  it("of machines and their storage are reported", () => {
    const elsewhere = (scope: TerraformStack) => {
      const other = AwsClusterNetwork.fromExisting(scope, "other", {
        ...EXISTING,
        availabilityZone: "us-east-1b",
      });
      return [new FsxLustreStorage(scope, "models", { network: other, capacityTiB: 2.4 })];
    };
    expect(pool({}, EXISTING, elsewhere)).toThrow(/storage\[0\] \[RC413\]/);
  });
});

describe("EFA with a security group without self rules", () => {
  it.each(ids(({ id }) => nicsOf(id).length > 0))("on %s", (instanceType) => {
    const props = { instanceType, capacity: capacityOf(instanceType) };
    expect(pool(props, { ...EXISTING, securityGroupHasSelfRules: false })).toThrow(
      /network\.securityGroupHasSelfRules \[RC405\]/,
    );
  });
});

describe("a fabric that the type does not have", () => {
  it.each(ids(({ id }) => nicsOf(id).length === 0))("EFA on %s", (instanceType) => {
    expect(pool({ instanceType })).toThrow(/fabric \[RC401\]/);
  });

  it.each(["INFINIBAND", "ROCE"] as const)("%s on EC2", (name) => {
    expect(pool({ fabric: Fabric[name] })).toThrow(/fabric \[RC401\]/);
  });
});

describe("Lustre over EFA", () => {
  const overEfa = (scope: TerraformStack) => {
    const inside = AwsClusterNetwork.fromExisting(scope, "inside", EXISTING);
    return [new FsxLustreStorage(scope, "models", { network: inside, capacityTiB: 38.4, efa: true })];
  };

  it.each(ids(({ id, nitro }) => id.startsWith("trn2") || nitro < 4 || nicsOf(id).length === 0))(
    "on %s",
    (instanceType) => {
      const fabric = nicsOf(instanceType).length > 0 ? Fabric.EFA : Fabric.TCP;
      expect(pool({ instanceType, fabric }, EXISTING, overEfa)).toThrow(/storage\[0\] \[RC406\]/);
    },
  );

  it.each(["p5.48xlarge", "p5en.48xlarge", "p6-b200.48xlarge", "p6-b300.48xlarge", "trn1.32xlarge"])(
    "is accepted on %s",
    (instanceType) => {
      expect(pool({ instanceType }, EXISTING, overEfa)).not.toThrow();
    },
  );
});

describe("spot machines of a group that stop", () => {
  it.each([SpotInterruption.STOP, SpotInterruption.HIBERNATE])("%s", (interruption) => {
    expect(pool({ capacity: Capacity.spot({ interruption }) })).toThrow(/capacity\.interruption \[RC420\]/);
  });
});

it("a machine image of another architecture is reported", () => {
  expect(pool({ machineImage: AwsMachineImage.for("p6e-gb200.36xlarge") })).toThrow(/machineImage \[RC407\]/);
});

it("a pool and a network without contradictions are accepted", () => {
  const small = (scope: TerraformStack) => {
    const inside = AwsClusterNetwork.fromExisting(scope, "inside", EXISTING);
    return [new EfsStorage(scope, "small", { network: inside })];
  };
  expect(pool({}, EXISTING, small)).not.toThrow();
  expect(network({ availabilityZone: ZONE })).not.toThrow();
});

type Storage = (scope: TerraformStack) => NonNullable<AwsNodePoolProps["storage"]>;

function pool(
  props: Partial<AwsNodePoolProps>,
  existing: ExistingAwsNetworkProps = EXISTING,
  storage: Storage = () => [],
): () => void {
  return () => {
    synthesize((scope) => {
      const used = AwsClusterNetwork.fromExisting(scope, "network", existing);
      const common = { network: used, instanceType: "p5.48xlarge", nodes: 4, fabric: Fabric.EFA };
      new AwsNodePool(scope, "gpu", { ...common, storage: storage(scope), ...props });
    });
  };
}

function network(props: AwsClusterNetworkProps): () => void {
  return () => {
    synthesize((scope) => {
      new AwsClusterNetwork(scope, "llama", props);
    });
  };
}

function synthesize(build: (scope: TerraformStack) => void): void {
  Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    build(scope);
  }).remove();
}
