import { localDisksOf } from "../../../../lib/aws/pool/local-disks";
import { AwsMachineImage } from "../../../../lib/aws/pool/machine-image";
import { type PoolMachines, poolMachines } from "../../../../lib/aws/pool/pool-machines";
import { Fabric } from "../../../../lib/topology/declaration/fabric";

const OWN = AwsMachineImage.ami("ami-0123456789abcdef0", { rootDeviceName: "/dev/xvda" });
const STORE = "/dev/disk/by-id/nvme-Amazon_EC2_NVMe_Instance_Storage_*";

describe("Local disks of a machine", () => {
  it("are those that the image mounts, for Docker", () => {
    expect(localDisksOf(machines("p5.48xlarge"), [])).toEqual({
      folder: "/opt/dlami/nvme",
      isNeeded: false,
      isForDocker: true,
    });
  });

  it("are put together of instance store volumes where the image mounts none", () => {
    const expected = { folder: "/mnt/ray-cluster-disk", isNeeded: false, isForDocker: true, devices: STORE };
    expect(localDisksOf(machines("p5.48xlarge", OWN), [])).toEqual(expected);
    // Neuron's image mounts none either.
    expect(localDisksOf(machines("trn1.32xlarge"), [])).toEqual(expected);
  });

  it("are needed where a folder of the cluster is on them", () => {
    expect(localDisksOf(machines("p5.48xlarge"), ["/mnt/x"])?.isNeeded).toBe(false);
    expect(localDisksOf(machines("p5.48xlarge"), ["/opt/dlami/nvme/models"])?.isNeeded).toBe(true);
    expect(localDisksOf(machines("p5.48xlarge", OWN), ["/mnt/ray-cluster-disk/models"])?.isNeeded).toBe(true);
  });

  it("are not waited for on machines without any, nor on those of an unknown type", () => {
    expect(localDisksOf(machines("m7i.2xlarge"), [])).toBeUndefined();
    expect(localDisksOf(machines("x99.large", OWN), [])).toBeUndefined();
    expect(localDisksOf(machines("x99.large", OWN), ["/mnt/ray-cluster-disk"])).toMatchObject({
      devices: STORE,
    });
  });
});

function machines(instanceType: string, machineImage?: AwsMachineImage): PoolMachines {
  const network = {
    vpcId: "vpc-1",
    subnetId: "subnet-1",
    subnetCidr: "10.0.0.0/24",
    availabilityZone: "us-east-1a",
    securityGroupId: "sg-1",
    securityGroupHasSelfRules: true,
  };
  return poolMachines({ network, instanceType, machineImage, nodes: 1, fabric: Fabric.TCP });
}
