import { CloudformationStack } from "@cdktf/provider-aws/lib/cloudformation-stack";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { BootSource } from "../../bootstrap/boot-spec";
import { literal } from "../../terraform/encode";
import { resourceAddress } from "../../terraform/resource-address";
import type { Permission } from "../policy";
import { parameterSource } from "./user-data";

/** Time that a stack takes besides waiting. */
const MARGIN_SECONDS = 900;

/** What is waited for. */
interface ReadinessStackProps {
  /** Name of the cluster. */
  readonly name: string;
  /** Address of the engine's API, an output of the stack. */
  readonly endpoint: string;
  /** How long the machines may take after they were created, at most `LONGEST_WAIT_SECONDS`. */
  readonly timeoutSeconds: number;
  /** What must exist before the wait begins. */
  readonly machines: readonly TerraformResource[];
  /** When one of these is replaced, the cluster is new and is waited for again. */
  readonly triggers: readonly TerraformResource[];
}

/**
 * Makes a deployment wait until the cluster serves. The stack has a handle, which is a presigned URL; a parameter, in
 * which the machines find that URL; and a condition, which waits for the signal. The head signals success or its own
 * reason, which is then the error of the deployment. A handle takes one signal, hence a new stack for each wait.
 */
export class ReadinessStack extends Construct {
  /** Known once the cluster serves. */
  public readonly endpoint: string;

  public constructor(scope: Construct, id: string, props: ReadinessStackProps) {
    super(scope, id);
    const stack = new CloudformationStack(this, "stack", {
      name: `${props.name}-ready`,
      templateBody: literal(JSON.stringify(stackTemplate(props)), "template of the readiness stack"),
      timeoutInMinutes: Math.ceil((props.timeoutSeconds + MARGIN_SECONDS) / 60),
      timeouts: { create: `${props.timeoutSeconds + 2 * MARGIN_SECONDS}s` },
      tags: { Name: props.name },
      dependsOn: [...props.machines],
      lifecycle: { replaceTriggeredBy: props.triggers.map(resourceAddress) },
    });
    this.endpoint = stack.outputs.lookup("Endpoint") as string;
  }
}

/** Prints the URL that the machines of a cluster signal to; fails as long as there is none. */
export function readinessSource(region: string, clusterName: string): BootSource {
  return parameterSource(region, parameterName(clusterName));
}

/** Lets a machine read that URL. The account is a wildcard: a role reads parameters of its own account only. */
export function readinessPermission(partition: string, region: string, clusterName: string): Permission {
  return {
    actions: ["ssm:GetParameter"],
    resources: [`arn:${partition}:ssm:${region}:*:parameter${parameterName(clusterName)}`],
  };
}

function parameterName(clusterName: string): string {
  return `/ray-cluster/${clusterName}/ready`;
}

function stackTemplate({ name, endpoint, timeoutSeconds }: ReadinessStackProps): object {
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
          Description: "URL to which the machines signal that the cluster serves, or why it does not",
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
