import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import type { ClusterPlan } from "../../topology/plan/plan";

/**
 * The output `<cluster>-access`: what a person types who has only the outputs of a deployment.
 *
 * @param headInstance id of the head's machine
 * @param logGroup name of the machines' log group. @default - logs stay on the machines
 */
export function accessOutput(
  scope: Construct,
  { name, engine: { api } }: ClusterPlan,
  region: string,
  headInstance: string,
  logGroup: string | undefined,
): void {
  const session = `aws ssm start-session --region ${region} --target ${headInstance}`;
  const forward = `${session} --document-name AWS-StartPortForwardingSession --parameters`;
  const output = new TerraformOutput(scope, "access", {
    description: `Machine of the head of '${name}', where its logs are, and commands that reach them`,
    value: {
      headInstance,
      shell: session,
      ...(api === undefined
        ? {}
        : { forward: `${forward} portNumber=${api.port},localPortNumber=${api.port}` }),
      ...(logGroup === undefined
        ? {}
        : { logGroup, logs: `aws logs tail ${logGroup} --region ${region} --follow` }),
    },
  });
  output.overrideLogicalId(`${name}-access`);
}
