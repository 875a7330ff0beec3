import { CloudformationStack } from "@cdktf/provider-aws/lib/cloudformation-stack";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { BootSource } from "../../bootstrap/boot-spec";
import { resourceAddress } from "../../terraform/resource-address";
import { template } from "../../terraform/template";
import type { Permission } from "../policy";
import { parameterSource } from "./user-data";

/** Time that a stack takes besides waiting. */
const MARGIN_SECONDS = 900;

/** What is waited for. */
interface ReadinessStackProps {
  /** Name of the cluster. */
  readonly name: string;
  /** Name of the stack, which no other cluster of the account may have. */
  readonly stackName: string;
  /** Address of the engine's API, an output of the stack. */
  readonly endpoint: string;
  /** Number of the workload whose verdict is waited for. */
  readonly workload: string;
  /** How long the machines may take after they were created, at most `LONGEST_WAIT_SECONDS`. */
  readonly timeoutSeconds: number;
  /** How long the machines themselves wait before they signal what is missing; less than `timeoutSeconds`. */
  readonly answerSeconds: number;
  /** What must exist before the wait begins. */
  readonly needs: readonly TerraformResource[];
  /** How long the head may take to boot. */
  readonly bootSeconds: number;
  /** Last line of a failure: what goes on, and how it is stopped. */
  readonly afterFailure: string;
  /** When one of these is replaced, there is something new to wait for. */
  readonly triggers: readonly TerraformResource[];
}

/**
 * Makes a deployment wait until the cluster serves. The stack has a handle, which is a presigned URL; a parameter, in
 * which the machines find that URL and the number of the workload; and a condition, which waits for the signal. A second,
 * shorter condition ends the deployment where the head has not even booted. The head brings that workload and signals
 * success or its own reason, which is then the error of the deployment. A handle takes one signal, hence a new stack for each
 * wait; all words are one value, so no verdict goes to the wait for another workload.
 */
export class ReadinessStack extends Construct {
  /** Known once the cluster serves. */
  public readonly endpoint: string;

  public constructor(scope: Construct, id: string, props: ReadinessStackProps) {
    super(scope, id);
    const stack = new CloudformationStack(this, "stack", {
      name: props.stackName,
      templateBody: template(JSON.stringify(stackTemplate(props)), "template of the readiness stack"),
      timeoutInMinutes: Math.ceil((props.timeoutSeconds + MARGIN_SECONDS) / 60),
      timeouts: { create: `${props.timeoutSeconds + 2 * MARGIN_SECONDS}s` },
      tags: { Name: props.name },
      dependsOn: [...props.needs],
      lifecycle: { replaceTriggeredBy: props.triggers.map(resourceAddress) },
    });
    this.endpoint = stack.outputs.lookup("Endpoint") as string;
  }
}

/** Prints what the machines of a cluster are to signal, see `BootAnnounce`; fails as long as nothing waits. */
export function readinessSource(region: string, stackName: string): BootSource {
  return parameterSource(region, parameterName(stackName, "ready"));
}

/** Prints the URL at which the head says that it has booted. */
export function bootedSource(region: string, stackName: string): BootSource {
  return parameterSource(region, parameterName(stackName, "booted"));
}

/** Lets a machine read both. The account is a wildcard: a role reads parameters of its own account only. */
export function readinessPermission(partition: string, region: string, stackName: string): Permission {
  return {
    actions: ["ssm:GetParameter"],
    resources: (["ready", "booted"] as const).map(
      (what) => `arn:${partition}:ssm:${region}:*:parameter${parameterName(stackName, what)}`,
    ),
  };
}

function parameterName(stackName: string, what: "ready" | "booted"): string {
  return `/ray-cluster/${stackName}/${what}`;
}

/** The same in the stack's own template, so that a plan shows the template. */
const ownParameter = (what: "ready" | "booted"): object => ({
  "Fn::Sub": parameterName("${AWS::StackName}", what),
});

function stackTemplate(props: ReadinessStackProps): object {
  const { name, endpoint, workload, timeoutSeconds, bootSeconds, answerSeconds, afterFailure } = props;
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Waits until the Ray cluster '${name}' serves`,
    Resources: {
      Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" },
      Address: {
        Type: "AWS::SSM::Parameter",
        Properties: {
          Type: "String",
          Name: ownParameter("ready"),
          Description:
            "URL to which the head signals, the workload that it is about, its seconds, and the end of a failure",
          // Not in what the machines boot with: none of it is worth another machine.
          Value: { "Fn::Sub": `\${Handle} ${workload} ${answerSeconds} ${afterFailure}` },
        },
      },
      BootedHandle: { Type: "AWS::CloudFormation::WaitConditionHandle" },
      BootedAddress: {
        Type: "AWS::SSM::Parameter",
        Properties: {
          Type: "String",
          Name: ownParameter("booted"),
          Description: "URL to which the head signals that it has booted",
          Value: { Ref: "BootedHandle" },
        },
      },
      // Its name is what the error of a deployment says of a machine that is silent.
      HeadHasBooted: {
        Type: "AWS::CloudFormation::WaitCondition",
        DependsOn: ["Address", "BootedAddress"],
        Properties: { Handle: { Ref: "BootedHandle" }, Timeout: String(bootSeconds), Count: 1 },
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
