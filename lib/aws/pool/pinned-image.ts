import { DataAwsSsmParameter } from "@cdktf/provider-aws/lib/data-aws-ssm-parameter";
import { Construct } from "constructs";
import { KeptValue } from "../../terraform/kept-value";

/**
 * The image that a public parameter names, looked up once and kept: a machine that is replaced boots the image of all others,
 * and a newer one of AWS changes nothing. Another release looks it up again.
 */
export class PinnedImage extends Construct {
  /** Id of the image, known at apply. */
  public readonly amiId: string;

  public constructor(scope: Construct, id: string, parameter: string, release: string) {
    super(scope, id);
    const key = `${parameter} ${release}`;
    // What is asked for is a resource, so that it is looked up by the deployment and a first plan needs no access.
    const asked = new KeptValue(this, "asked", { value: key, key });
    const newest = new DataAwsSsmParameter(this, "newest", { name: parameter, dependsOn: [asked] });
    this.amiId = new KeptValue(this, "kept", { value: newest.insecureValue, key }).value;
  }
}
