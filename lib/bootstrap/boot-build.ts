import { derivedImageFiles } from "../topology/declaration/derived-image";
import type { ImagePlan } from "../topology/plan/plan";
import type { BootBuild } from "./boot-spec";

/**
 * How a machine makes the image of a plan. What a machine must know to reach its package index it knows itself
 * (`/etc/ray-cluster/environment`): files of the machine that runs Terraform are not there.
 *
 * @returns `undefined` for an image that is pulled as it is
 */
export function bootBuild({ derived }: ImagePlan): BootBuild | undefined {
  return derived && { base: derived.base, files: derivedImageFiles(derived) };
}
