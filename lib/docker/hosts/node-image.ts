import type { ContainerUpload } from "@cdktf/provider-docker/lib/container";
import { Image } from "@cdktf/provider-docker/lib/image";
import { Fn } from "cdktf";
import type { Construct } from "constructs";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { literal } from "../../terraform/encode";
import { template } from "../../terraform/template";
import { resourceAddress } from "../../terraform/resource-address";
import type { ClusterPlan } from "../../topology/plan/plan";
import { derivedImage } from "../container/derived-image";
import type { HostCommand } from "./host-command";
import type { HostNode } from "./host-node";
import { machineId } from "./machine-id";
import { machineLabel } from "./ssh";

/** The image of one machine: pulled, or built if it is derived. */
export function nodeImage(
  scope: Construct,
  plan: ClusterPlan,
  { plan: node, provider }: HostNode,
  checked: HostCommand,
  pullTimeoutSeconds: number,
): Image {
  const id = machineId(node.name, "image");
  const made =
    derivedImage(scope, id, provider, plan.image) ??
    new Image(scope, id, {
      provider,
      name: template(plan.image.reference, "image"),
      // It is large, and other containers may use it.
      keepLocally: true,
      timeouts: { create: `${pullTimeoutSeconds}s` },
    });
  made.dependsOn = [resourceAddress(checked)];
  return made;
}

/**
 * Requires the head's image on the other machines, where a tag may refer to different images. A digest identifies the
 * content, and the tag of a derived image is a hash of its inputs.
 */
export function sameImage(
  plan: ClusterPlan,
  nodes: readonly HostNode[],
  images: readonly Image[],
  index: number,
): { condition: string; errorMessage: string }[] | undefined {
  const { digest, derived, reference } = plan.image;
  if (index === 0 || digest !== undefined || derived !== undefined) {
    return undefined;
  }
  const id = (image: Image) => `${resourceAddress(image)}.image_id`;
  // The digest in the registry is the same on all engines. An id is that of the configuration or, with containerd's
  // store, of the manifest; an image that was loaded from a file has nothing else.
  const of = (image: Image) => `coalesce(${resourceAddress(image)}.repo_digest, ${id(image)})`;
  const node = machineLabel(nodes[index].plan.name, nodes[index].machine);
  const name = template(reference, "image");
  return [
    {
      condition: `\${${of(images[index])} == ${of(images[0])} || ${id(images[index])} == ${id(images[0])}}`,
      errorMessage:
        `Image '${name}' of ${literal(node, "machine")} differs from ${nodes[0].plan.name}'s ` +
        `(\${${of(images[index])}}, \${${of(images[0])}}). ` +
        `Pin it by digest, or run \`docker pull ${name}\` on ${nodes[index].machine.name}.`,
    },
  ];
}

/** Digest and id of the image that the machine runs, which the nodes compare before they start an engine. */
export function imageDigest({ image: { derived } }: ClusterPlan, image: Image): ContainerUpload[] {
  if (derived !== undefined) {
    return [];
  }
  // An image that was loaded from a file has no digest.
  const content = Fn.join("\n", Fn.compact([image.repoDigest, image.imageId]));
  return [{ file: CONTAINER_PATHS.imageDigest, content }];
}
