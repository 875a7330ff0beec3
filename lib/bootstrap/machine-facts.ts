import { MINIMUM_DOCKER } from "../catalog/docker-versions";
import { imageGiB } from "../catalog/image-sizes";
import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import { pulledImage } from "../topology/declaration/derived-image";
import type { ClusterPlan } from "../topology/plan/plan";

const DOCKER_VERSION_CHECK = "docker version";
const IMAGE_DISK_CHECK = "image disk";

/** What every machine of a cluster must have, as `check-machine.sh` reads it: one fact a line. Pure. */
export function machineFacts(plan: ClusterPlan, { runtime }: Pick<ContainerSpec, "runtime">): string[] {
  const isTolerated = (check: string) => plan.toleratedChecks.includes(check);
  const image = pulledImage(plan.image);
  const size = isTolerated(IMAGE_DISK_CHECK) ? undefined : imageGiB(image);
  return [
    `docker ${isTolerated(DOCKER_VERSION_CHECK) ? "any" : MINIMUM_DOCKER}`,
    `image ${image}${size === undefined ? "" : ` ${size}`}`,
    ...(runtime === undefined ? [] : [`runtime ${runtime}`]),
    ...(runtime === "nvidia" ? ["driver nvidia"] : []),
    ...(plan.nodes.length > 1 ? [`network ${plan.subnetCidr}`] : []),
  ];
}
