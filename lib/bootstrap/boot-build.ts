import { derivedImageFiles } from "../topology/declaration/derived-image";
import type { ImagePlan } from "../topology/plan/plan";
import type { BootBuild } from "./boot-spec";

/**
 * How a machine builds the image of a plan; `undefined` for an image that is pulled. How to reach a package index is a
 * setting of the machine (`/etc/ray-cluster/environment`).
 */
export function bootBuild({ derived }: ImagePlan): BootBuild | undefined {
  return derived && { base: derived.base, files: derivedImageFiles(derived) };
}
