import { findAccelerator } from "../../catalog/accelerators";
import type { ClusterPlan } from "../../topology/plan/plan";
import { CONTAINER_PATHS } from "../paths";

/** What the nodes check before an engine starts; the same on every node. */
export function preflightConfig(plan: ClusterPlan) {
  const pool = plan.pools.find(({ acceleratorsPerNode }) => acceleratorsPerNode > 0);
  const accelerator = pool && findAccelerator(pool.accelerator);
  return {
    fabric: plan.fabric,
    collective: accelerator?.collective ?? null,
    board: accelerator?.board ?? null,
    devices: accelerator?.emulated === true ? "emulated" : "real",
    image: { digest: plan.image.digest ?? null, foundIn: CONTAINER_PATHS.imageDigest },
    deviceIps: Object.fromEntries(
      plan.nodes.flatMap(({ address, deviceIps }) =>
        address === undefined || deviceIps === undefined ? [] : [[address, deviceIps]],
      ),
    ),
    tolerated: plan.toleratedChecks,
    rankTable: plan.rankTable ?? null,
  };
}
