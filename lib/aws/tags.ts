import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { Aspects, type IAspect, TerraformResource } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import { judge } from "../problems/rule";
import { reportProblems } from "../terraform/app-problems";
import { type GivenTags, TAGS_TOPIC } from "./tag-rules";

/** An object takes ten tags only, and each is paid for. */
const UNTAGGED = ["aws_s3_object"];

/**
 * Tags of what is made on AWS, e.g. to see its costs by team. Unlike `defaultTags` of the provider they reach the machines of
 * an Auto Scaling group, their volumes and their network interfaces.
 *
 * @example
 * AwsTags.of(this).add({ team: "ml" });
 */
export class AwsTags {
  /**
   * The tags of all that is made in a scope.
   *
   * @param scope a `RayCluster`, a network, a pool, a storage, a stack or the app
   */
  public static of(scope: Construct): AwsTags {
    return new AwsTags(scope);
  }

  private constructor(private readonly scope: Construct) {}

  /**
   * Adds tags to every resource of the provider `aws` in the scope that can have some, but for objects of S3. A tag that a
   * resource already has stays, such as `Name`. Machines are replaced by another tag, since their launch template has it.
   */
  public add(tags: { readonly [key: string]: string }): AwsTags {
    reportProblems(this.scope, judge(TAGS_TOPIC, tags, undefined));
    Aspects.of(this.scope).add(new Tagging({ ...tags }));
    return this;
  }
}

/** A resource with the property `tags`, as the provider's classes have it. */
interface Tagged {
  tags?: GivenTags;
  readonly tagsInput?: GivenTags;
}

class Tagging implements IAspect {
  public constructor(private readonly added: GivenTags) {}

  public visit(node: IConstruct): void {
    if (!TerraformResource.isTerraformResource(node) || UNTAGGED.includes(node.terraformResourceType)) {
      return;
    }
    if (node.terraformResourceType.startsWith("aws_") && "tagsInput" in node) {
      const resource = node as Tagged;
      resource.tags = { ...this.added, ...resource.tagsInput };
    }
    if (node instanceof LaunchTemplate) {
      this.tagMachines(node);
    }
    if (node instanceof AutoscalingGroup) {
      this.tagGroup(node);
    }
  }

  private tagMachines({ tagSpecifications }: LaunchTemplate): void {
    const given = tagSpecifications.internalValue;
    if (Array.isArray(given)) {
      tagSpecifications.internalValue = given.map((one) => ({
        ...one,
        tags: { ...this.added, ...one.tags },
      }));
    }
  }

  private tagGroup({ tag }: AutoscalingGroup): void {
    const given = tag.internalValue;
    const own = Array.isArray(given) ? given : [];
    const keys = own.map(({ key }) => key);
    const added = Object.entries(this.added).filter(([key]) => !keys.includes(key));
    tag.internalValue = [...own, ...added.map(([key, value]) => ({ key, value, propagateAtLaunch: true }))];
  }
}
