import { restored } from "../../support/restored";
import { parse } from "yaml";
import type { BootSpec } from "../../../lib/bootstrap/boot-spec";
import { containerSpec } from "../../../lib/runtime/container-spec/make-container-spec";
import type { ClusterPlan } from "../../../lib/topology/plan/plan";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";

/** Four machines of eight H100. */
export const MACHINES = planCluster(machineProps(), hostsPlace());

/** A boot with everything in it that a boot may have. */
export function bootSpec(change: Partial<BootSpec> = {}, plan: ClusterPlan = MACHINES): BootSpec {
  return {
    container: containerSpec(plan, plan.nodes[0]),
    program: { name: "web.sh", arguments: ["https://files.example/program.json"] },
    mounts: [
      { source: "nas.example:/models", hostPath: "/mnt/models", type: "nfs4", options: ["ro"], after: [] },
    ],
    secrets: [{ name: "ray-token", source: { name: "file.sh", arguments: ["/root/ray-token"] } }],
    diskFolder: "/mnt/disk",
    devices: [{ name: "GPUs", count: 8, glob: "/dev/nvidia[0-9]*" }],
    facts: ["docker 20.10.10"],
    ...change,
  };
}

export interface WrittenFile {
  readonly path: string;
  readonly permissions?: string;
  readonly content: string;
}

/** What cloud-init would do with a text. */
export interface CloudConfig {
  readonly write_files: readonly WrittenFile[];
  readonly runcmd: readonly (readonly string[])[];
}

export function parseCloudConfig(text: string): CloudConfig {
  return parse(text) as CloudConfig;
}

export function fileOf(config: CloudConfig, path: string): string {
  const found = config.write_files.filter((file) => file.path === path);
  if (found.length !== 1) {
    throw new Error(`${found.length} files ${path}`);
  }
  const [{ content }] = found;
  return path.endsWith(".b85") ? restored(content) : content;
}
