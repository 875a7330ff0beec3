import { CloudformationStack } from "@cdktf/provider-aws/lib/cloudformation-stack";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { BootSource } from "../../bootstrap/boot-spec";
import { literal } from "../../terraform/encode";
import { resourceAddress } from "../../terraform/resource-address";
import type { Permission } from "../policy";
import { parameterSource } from "./user-data";

/** Longest time that a wait condition of CloudFormation takes. */
export const LONGEST_WAIT_SECONDS = 43_200;
/** What a stack takes besides waiting. */
const MARGIN_SECONDS = 900;

/** What is waited for. */
export interface ReadyStackProps {
  /** Name of the cluster. */
  readonly name: string;
  /** Address of the engine's API, for those who read the stack. */
  readonly endpoint: string;
  /** How long the machines may take from their start, at most `LONGEST_WAIT_SECONDS`. */
  readonly timeoutSeconds: number;
  /** What must be there before the waiting begins. */
  readonly machines: readonly TerraformResource[];
  /** Another one of these is another cluster, which is waited for anew. */
  readonly triggers: readonly TerraformResource[];
}

/**
 * Makes a deployment wait until the cluster serves. The stack has a handle, which is a URL that whoever knows it may
 * answer to; a parameter, by which the machines find it; and a condition, which waits for the answer. The head
 * answers with success or with its own reason, which is then the error of the deployment. A handle takes one
 * answer, hence a new stack for each wait.
 */
export class ReadyStack extends Construct {
  /** Known once the cluster serves. */
  public readonly endpoint: string;

  public constructor(scope: Construct, id: string, props: ReadyStackProps) {
    super(scope, id);
    const stack = new CloudformationStack(this, "stack", {
      name: `${props.name}-ready`,
      templateBody: literal(JSON.stringify(readyTemplate(props)), "template of the ready stack"),
      timeoutInMinutes: Math.ceil((props.timeoutSeconds + MARGIN_SECONDS) / 60),
      timeouts: { create: `${props.timeoutSeconds + 2 * MARGIN_SECONDS}s` },
      tags: { Name: props.name },
      dependsOn: [...props.machines],
      lifecycle: { replaceTriggeredBy: props.triggers.map(resourceAddress) },
    });
    this.endpoint = stack.outputs.lookup("Endpoint") as string;
  }
}

/** Prints where the machines of a cluster answer to; fails as long as nobody waits. */
export function readySource(region: string, clusterName: string): BootSource {
  return parameterSource(region, parameterName(clusterName));
}

/** What a machine needs to find it. The account is that of the role: no other's parameter can be meant. */
export function readyPermission(partition: string, region: string, clusterName: string): Permission {
  return {
    actions: ["ssm:GetParameter"],
    resources: [`arn:${partition}:ssm:${region}:*:parameter${parameterName(clusterName)}`],
  };
}

function parameterName(clusterName: string): string {
  return `/ray-cluster/${clusterName}/ready`;
}

function readyTemplate({ name, endpoint, timeoutSeconds }: ReadyStackProps): object {
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Waits until the Ray cluster '${name}' serves`,
    Resources: {
      Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" },
      Address: {
        Type: "AWS::SSM::Parameter",
        Properties: {
          Type: "String",
          Name: parameterName(name),
          Description: "Where the machines say that the cluster serves, or why it does not",
          Value: { Ref: "Handle" },
        },
      },
      Ready: {
        Type: "AWS::CloudFormation::WaitCondition",
        DependsOn: "Address",
        Properties: { Handle: { Ref: "Handle" }, Timeout: String(timeoutSeconds), Count: 1 },
      },
    },
    Outputs: { Endpoint: { Value: endpoint } },
  };
}
