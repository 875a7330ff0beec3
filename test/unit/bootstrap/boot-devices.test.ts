import { bootDevices } from "../../../lib/bootstrap/boot-devices";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";

function devices(accelerator: Accelerator, fabric: Fabric, nodes = 4, perNode = 8, interfaces?: number) {
  const pools = [{ name: "gpu", nodes, accelerator, acceleratorsPerNode: perNode }];
  const plan = planCluster(machineProps({ pools, fabric }), hostsPlace());
  return bootDevices(plan, plan.nodes[0], interfaces).map(
    ({ name, count, glob }) => `${name} ${count} ${glob}`,
  );
}

const GPUS = "accelerators 8 /dev/nvidia[0-9]*";

describe("bootDevices", () => {
  it.each([
    ["GPUs on TCP", Accelerator.H100, Fabric.TCP, [GPUS]],
    [
      "GPUs on InfiniBand",
      Accelerator.H100,
      Fabric.INFINIBAND,
      [GPUS, "InfiniBand-devices 1 /dev/infiniband/uverbs*"],
    ],
    ["GPUs on RoCE", Accelerator.H100, Fabric.ROCE, [GPUS, "RoCE-devices 1 /dev/infiniband/uverbs*"]],
    [
      "NPUs on RoCE of their own",
      Accelerator.ASCEND_910B_64GB,
      Fabric.ROCE,
      ["accelerators 8 /dev/davinci[0-9]*"],
    ],
    ["emulated GPUs", Accelerator.EMULATED_GPU, Fabric.TCP, []],
    ["NeuronCores, two to a device", Accelerator.TRAINIUM, Fabric.TCP, ["accelerators 4 /dev/neuron[0-9]*"]],
  ])("of %s lists accelerators and the fabric's interfaces", (_, accelerator, fabric, expected) => {
    expect(devices(accelerator, fabric)).toEqual(expected);
  });

  it("looks for each chosen device", () => {
    const pools = [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100, devices: [4, 10] }];
    const plan = planCluster(machineProps({ pools, fabric: Fabric.TCP }), hostsPlace());
    expect(bootDevices(plan, plan.nodes[0])).toEqual([
      { name: "accelerator-4", count: 1, glob: "/dev/nvidia4" },
      { name: "accelerator-10", count: 1, glob: "/dev/nvidia10" },
    ]);
  });

  it("counts the interfaces that the place knows", () => {
    expect(devices(Accelerator.H100, Fabric.INFINIBAND, 4, 8, 9)[1]).toBe(
      "InfiniBand-devices 9 /dev/infiniband/uverbs*",
    );
  });
});
