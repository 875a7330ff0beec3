import type { AccessFile, Ec2Access } from "../../terraform/access-file";
import { CommandError } from "../base/command-error";
import { runOrFail } from "../base/process";
import type { ClusterNode, SessionReach } from "./reach";
import { attributesOf, pullState, type TerraformState } from "./terraform-state";

const AWS_SECONDS = 60;

/** What EC2 says of a machine: its identifier, its address, and the group that it belongs to. */
type Machine = readonly [instanceId: string, address: string, group: string];

/**
 * The machines of a cluster on EC2: the head as Terraform made it, and the present members of its Auto Scaling groups. A
 * machine that a group has replaced has another name.
 *
 * @throws CommandError if the cluster is not deployed, or if Terraform or the AWS command line does not answer
 */
export async function ec2Nodes(
  stackFolder: string,
  access: AccessFile & Ec2Access,
): Promise<readonly ClusterNode[]> {
  const state = await pullState(stackFolder);
  const region = text(state, access, access.region, "id");
  const groups = access.groups.map(({ pool, address }) => ({
    pool,
    name: text(state, access, address, "name"),
  }));
  const reach = (instanceId: string): SessionReach => ({
    kind: "session",
    container: access.container,
    service: access.service,
    region,
    instanceId,
  });
  const node = (name: string, instanceId: string, isHead: boolean): ClusterNode => ({
    name,
    called: `${name} (${instanceId})`,
    isHead,
    reach: reach(instanceId),
  });
  const machines =
    groups.length === 0
      ? []
      : await machinesOf(
          region,
          groups.map(({ name }) => name),
        );
  const head = text(state, access, access.head.address, "id");
  return [
    node(access.head.node, head, true),
    ...groups.flatMap(({ pool, name }) =>
      machines
        .filter(([, , group]) => group === name)
        .map(([instanceId, address]) => node(`${pool}-${address}`, instanceId, false)),
    ),
  ];
}

/** Arguments of the AWS command line that list the machines of the groups. Exported for its test. */
export function listMachines(region: string, groups: readonly string[]): readonly string[] {
  const group = "Tags[?Key=='aws:autoscaling:groupName']|[0].Value";
  return [
    ...["ec2", "describe-instances", "--region", region, "--output", "json", "--no-cli-pager"],
    ...["--filters", `Name=tag:aws:autoscaling:groupName,Values=${groups.join(",")}`],
    "Name=instance-state-name,Values=pending,running",
    ...["--query", `Reservations[].Instances[].[InstanceId,PrivateIpAddress,${group}]`],
  ];
}

async function machinesOf(region: string, groups: readonly string[]): Promise<readonly Machine[]> {
  const answer = await runOrFail("aws", listMachines(region, groups), { timeoutSeconds: AWS_SECONDS });
  return (JSON.parse(answer) as Machine[]).sort(([, one], [, other]) =>
    one.localeCompare(other, "en", { numeric: true }),
  );
}

function text(state: TerraformState, { cluster }: AccessFile, address: string, name: string): string {
  const value = attributesOf(state, address)?.[name];
  if (typeof value !== "string" || value === "") {
    throw new CommandError(
      `Terraform's state has no ${address}: cluster '${cluster}' is not deployed`,
      "Run `npx cdktf deploy` first.",
    );
  }
  return value;
}
