import type { ContainerUpload } from "@cdktf/provider-docker/lib/container";
import { Image } from "@cdktf/provider-docker/lib/image";
import { Fn } from "cdktf";
import type { Construct } from "constructs";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { literal } from "../../terraform/encode";
import { resourceAddress } from "../../terraform/resource-address";
import type { ClusterPlan } from "../../topology/plan/plan";
import { derivedImage } from "../container/derived-image";
import type { HostCommand } from "./host-command";
import type { HostNode } from "./host-node";
import { calledMachine } from "./ssh";

/** The image of one machine: pulled, or built where it is derived. */
export function nodeImage(
  scope: Construct,
  plan: ClusterPlan,
  { plan: node, provider }: HostNode,
  checked: HostCommand,
  pullTimeoutSeconds: number,
): Image {
  const id = `${node.name}-image`;
  const made =
    derivedImage(scope, id, provider, plan.image) ??
    new Image(scope, id, {
      provider,
      name: literal(plan.image.reference, "image"),
      // Of many gigabytes, and perhaps somebody else's, too.
      keepLocally: true,
      timeouts: { create: `${pullTimeoutSeconds}s` },
    });
  made.dependsOn = [resourceAddress(checked)];
  return made;
}

/**
 * What a tag names may differ from machine to machine. A digest names its content, and what each machine
 * builds for itself has a name that is a hash of all inputs.
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
  const of = (image: Image) => `${resourceAddress(image)}.image_id`;
  const node = calledMachine(nodes[index].plan.name, nodes[index].machine);
  const name = literal(reference, "image");
  return [
    {
      condition: `\${${of(images[index])} == ${of(images[0])}}`,
      errorMessage:
        `${literal(node, "machine")} has another image '${name}' than ${nodes[0].plan.name}: ` +
        `\${${of(images[index])}}, there \${${of(images[0])}}. ` +
        `Name the image with its digest, or run \`docker pull ${name}\` on the machine.`,
    },
  ];
}

/** What the nodes compare before they start an engine: what their machines really run. */
export function imageDigest({ image: { digest, derived } }: ClusterPlan, image: Image): ContainerUpload[] {
  if (derived !== undefined) {
    return [];
  }
  const content = digest === undefined ? image.imageId : Fn.coalesce([image.repoDigest, image.imageId]);
  return [{ file: CONTAINER_PATHS.imageDigest, content }];
}
