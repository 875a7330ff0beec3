import { findAccelerator } from "../catalog/accelerators";
import { findFabric } from "../catalog/fabrics";
import { preflightChecks } from "../catalog/preflight-checks";
import type { ClusterPlan, RankTablePlan } from "../topology/plan/plan";
import { code, table } from "./table";

interface Entry {
  readonly server_id: string;
  readonly device: readonly { readonly rank_id: string; readonly device_ip?: string }[];
}

/** What is asked of the machines before a model is fetched or an engine started; empty: nothing. */
export function preflightSection(plan: ClusterPlan): readonly string[] {
  const pool = plan.pools.find(({ acceleratorsPerNode }) => acceleratorsPerNode > 0);
  const accelerator = pool && findAccelerator(pool.accelerator);
  if (accelerator === undefined || accelerator.emulated) {
    return rankTable(plan.rankTable);
  }
  const checks = [
    ...(accelerator.board === undefined ? [] : npuChecks(plan, accelerator.board)),
    ...(accelerator.collective === "hccl" ? [] : fabricChecks(plan)),
    ...(accelerator.collective === "nccl"
      ? [
          "GPUs: count, driver, NVSwitch fabric; an all-reduce between neighbours where PyTorch is in the image",
        ]
      : []),
    "images: every node runs the same",
  ];
  return [...checks.map((text) => `- ${text}`), ...rankTable(plan.rankTable)];
}

function npuChecks({ toleratedChecks }: ClusterPlan, board: string): readonly string[] {
  const names = preflightChecks()
    .map(({ name }) => name)
    .filter((name) => board === "a3" || !["vnic", "super pod", "super pod equality"].includes(name));
  const tolerated = toleratedChecks.map(code).join(", ");
  return [
    `NPUs: ${names.map(code).join(", ")}`,
    ...(tolerated === "" ? [] : [`only a warning, as declared: ${tolerated}`]),
  ];
}

function fabricChecks({ fabric }: ClusterPlan): readonly string[] {
  const facts = findFabric(fabric);
  return facts?.rdma === true && fabric !== "efa"
    ? [
        `${facts.title}: adapters with an active port, device files, locked memory; without them a node refuses to start`,
      ]
    : [];
}

function rankTable(plan: RankTablePlan | undefined): readonly string[] {
  if (plan === undefined) {
    return [];
  }
  const what = `rank table ${plan.version} at ${code(plan.path)} of every node`;
  if (plan.text === undefined) {
    return [`- ${what}: gathered from the nodes at boot, compared by checksum`];
  }
  const { server_list: servers } = JSON.parse(plan.text) as { server_list: readonly Entry[] };
  const rows = servers.map(({ server_id: id, device }) => [
    id,
    `${device[0]?.rank_id ?? ""} to ${device.at(-1)?.rank_id ?? ""}`,
    device.map(({ device_ip: ip }) => ip ?? "-").join(", "),
  ]);
  return [
    `- ${what}: from the inventory, sha256 ${code((plan.checksum ?? "").slice(0, 12))}`,
    "",
    ...table(["server", "ranks", "devices"], rows, ""),
  ];
}
