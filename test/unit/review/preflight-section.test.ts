import { preflightSection } from "../../../lib/review/preflight-section";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { planCluster } from "../../../lib/topology/planner";
import { RankTableKind } from "../../../lib/topology/declaration/rank-table-kind";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../support/clusters";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const image = ContainerImage.of(`registry.example/ascend@${DIGEST}`, {
  rayVersion: "2.58.0",
  pythonVersion: "3.11.9",
});

function ascend(props: object = {}, deviceIps?: readonly (readonly string[])[]) {
  return planCluster(
    emulatedProps({
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB, acceleratorsPerNode: 2 }],
      fabric: Fabric.ROCE,
      image,
      ...props,
    }),
    hostsPlace({
      addresses: { npu: ["10.20.0.11", "10.20.0.12"] },
      ...(deviceIps ? { deviceIps: { npu: deviceIps } } : {}),
    }),
  );
}

test("emulated devices have no preflight section", () => {
  expect(preflightSection(planCluster(emulatedProps(), localPlace()))).toEqual([]);
});

test("GPUs on InfiniBand list adapters, GPUs and images", () => {
  expect(preflightSection(planCluster(machineProps(), hostsPlace()))).toEqual([
    "- InfiniBand: adapters with an active port, all that are as fast as the fastest, device files, locked memory; a node without them does not start",
    "- GPUs: count, driver, NVSwitch fabric, MIG, memory held by others, health; an all-reduce between neighbours where PyTorch is in the image",
    "- images: every node runs the same one",
  ]);
});

test("GPUs on TCP list no adapters", () => {
  const lines = preflightSection(planCluster(machineProps({ fabric: Fabric.TCP }), hostsPlace()));
  expect(lines.join("\n")).not.toMatch(/adapters/);
});

test("NPUs list their checks, tolerated ones and a rank table made of found addresses", () => {
  expect(
    preflightSection(ascend({ toleratedChecks: ["neighbour"], rankTable: RankTableKind.SERVERS })),
  ).toEqual([
    "- NPUs: `device`, `neighbour`, `link`, `health`, `netdetect`, `gateway`, `hccn.conf`, `ip`, `ping`, `tls`, `tls equality`, `npu in use`, `npu memory`, `npu health`, `npu driver`",
    "- tolerated (warning only): `neighbour`",
    "- images: every node runs the same one",
    "- rank table 1.0 at `/etc/ray-cluster/rank-table.json` of every node, made at boot from the device addresses that the nodes find",
  ]);
});

test("a rank table of the inventory is shown with the device addresses of every node", () => {
  const plan = ascend({ rankTable: RankTableKind.SERVERS }, [
    ["192.168.100.101", "192.168.100.102"],
    ["192.168.101.101", "192.168.101.102"],
  ]);
  expect(preflightSection(plan).slice(-6)).toEqual([
    "- rank table 1.0 at `/etc/ray-cluster/rank-table.json` of every node, made at boot from the device addresses of the inventory",
    "",
    "| node | address | devices |",
    "| --- | --- | --- |",
    "| npu-0 | 10.20.0.11 | 192.168.100.101, 192.168.100.102 |",
    "| npu-1 | 10.20.0.12 | 192.168.101.101, 192.168.101.102 |",
  ]);
});
