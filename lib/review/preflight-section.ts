import { findAccelerator } from "../catalog/accelerators";
import { findFabric } from "../catalog/fabrics";
import { preflightChecks } from "../catalog/preflight-checks";
import type { ClusterPlan } from "../topology/plan/plan";
import { code, codes, table } from "./table";

/** What is checked before a model is fetched or an engine started; empty: nothing. */
export function preflightSection(plan: ClusterPlan): readonly string[] {
  const pool = plan.pools.find(({ acceleratorsPerNode }) => acceleratorsPerNode > 0);
  const accelerator = pool && findAccelerator(pool.accelerator);
  if (accelerator === undefined || accelerator.emulated) {
    return rankTable(plan);
  }
  const checks = [
    ...(accelerator.board === undefined ? [] : npuChecks(plan, accelerator.board)),
    ...(accelerator.collective === "hccl" ? [] : fabricChecks(plan)),
    ...(accelerator.collective === "nccl"
      ? [
          "GPUs: count, driver, NVSwitch fabric, MIG, memory held by others, health; an all-reduce between neighbours where PyTorch is in the image",
        ]
      : []),
    "images: every node runs the same one",
  ];
  return [...checks.map((text) => `- ${text}`), ...rankTable(plan)];
}

function npuChecks({ toleratedChecks }: ClusterPlan, board: string): readonly string[] {
  const names = preflightChecks()
    .filter(({ hardware }) => hardware === "npu")
    .map(({ name }) => name)
    .filter((name) => board === "a3" || !["vnic", "super pod", "super pod equality"].includes(name));
  const tolerated = codes(toleratedChecks);
  return [`NPUs: ${codes(names)}`, ...(tolerated === "" ? [] : [`tolerated (warning only): ${tolerated}`])];
}

function fabricChecks({ fabric }: ClusterPlan): readonly string[] {
  const facts = findFabric(fabric);
  return facts?.rdma === true && fabric !== "efa"
    ? [
        `${facts.title}: adapters with an active port, all that are as fast as the fastest, device files, locked memory; a node without them does not start`,
      ]
    : [];
}

/** The head makes the table at boot; the device addresses of the inventory are known before. */
function rankTable({ rankTable: planned, nodes }: ClusterPlan): readonly string[] {
  if (planned === undefined) {
    return [];
  }
  const what = `rank table ${planned.version} at ${code(planned.path)} of every node, made at boot`;
  const given = nodes.filter(({ acceleratorCount, deviceIps }) => acceleratorCount > 0 && deviceIps);
  if (given.length === 0) {
    return [`- ${what} from the device addresses that the nodes find`];
  }
  const rows = given.map(({ name, address = "", deviceIps = [] }) => [name, address, deviceIps.join(", ")]);
  return [
    `- ${what} from the device addresses of the inventory`,
    "",
    ...table(["node", "address", "devices"], rows, ""),
  ];
}
