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

test("nothing is asked of emulated devices", () => {
  expect(preflightSection(planCluster(emulatedProps(), localPlace()))).toEqual([]);
});

test("GPUs on InfiniBand", () => {
  expect(preflightSection(planCluster(machineProps(), hostsPlace()))).toEqual([
    "- InfiniBand: adapters with an active port, device files, locked memory; without them a node refuses to start",
    "- GPUs: count, driver, NVSwitch fabric; an all-reduce between neighbours where PyTorch is in the image",
    "- images: every node runs the same",
  ]);
});

test("TCP has no adapters to check", () => {
  const lines = preflightSection(planCluster(machineProps({ fabric: Fabric.TCP }), hostsPlace()));
  expect(lines.join("\n")).not.toMatch(/adapters/);
});

test("NPUs, what is tolerated, and a table that is gathered", () => {
  expect(
    preflightSection(ascend({ toleratedChecks: ["neighbour"], rankTable: RankTableKind.SERVERS })),
  ).toEqual([
    "- NPUs: `device`, `neighbour`, `link`, `health`, `netdetect`, `gateway`, `hccn.conf`, `ip`, `ping`, `tls`, `tls equality`",
    "- only a warning, as declared: `neighbour`",
    "- images: every node runs the same",
    "- rank table 1.0 at `/etc/ray-cluster/rank-table.json` of every node: gathered from the nodes at boot, compared by checksum",
  ]);
});

test("a table of the inventory can be read before anything is deployed", () => {
  const plan = ascend({ rankTable: RankTableKind.SERVERS }, [
    ["192.168.100.101", "192.168.100.102"],
    ["192.168.101.101", "192.168.101.102"],
  ]);
  expect(preflightSection(plan).slice(-5)).toEqual(
    [
      `- rank table 1.0 at \`/etc/ray-cluster/rank-table.json\` of every node: from the inventory, sha256 \`${plan.rankTable?.checksum?.slice(0, 12)}\``,
      "",
      "| server | ranks | devices |",
      "| --- | --- | --- |",
      "| 10.20.0.11 | 0 to 1 | 192.168.100.101, 192.168.100.102 |",
      "| 10.20.0.12 | 2 to 3 | 192.168.101.101, 192.168.101.102 |",
    ].slice(-5),
  );
});
