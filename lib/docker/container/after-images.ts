import type { Image } from "@cdktf/provider-docker/lib/image";
import type { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import type { Construct } from "constructs";
import { resourceAddress } from "../../terraform/resource-address";
import { TermsRecord } from "../../terraform/terms-record";
import { containerProvider } from "./provider";

/**
 * Lets no container of a cluster stop before every machine has the cluster's new image. Terraform orders what it creates,
 * and removes a container as soon as nothing depends on it; but before it uses a provider, it has applied what the provider's
 * configuration refers to. So the containers have providers of their own, which refer to a record that depends on all
 * images. An image that cannot be pulled or built leaves the old containers as they are.
 */
export class AfterImages {
  private readonly record: string;

  /** @param reference of the image, as the plan has it */
  public constructor(
    scope: Construct,
    private readonly cluster: string,
    reference: string,
    images: readonly Image[],
  ) {
    for (const image of images) {
      // Else the old one, and with it the old container, would go first.
      image.lifecycle = { ...image.lifecycle, createBeforeDestroy: true };
    }
    const record = new TermsRecord(scope, "images", { images: [reference] });
    record.dependsOn = images.map(resourceAddress);
    this.record = resourceAddress(record);
  }

  /** The provider of the containers on a daemon. @param of the daemon's own provider */
  public provider(of: DockerProvider): DockerProvider {
    return containerProvider(of, this.cluster, this.record);
  }
}
