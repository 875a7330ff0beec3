import { readFileSync } from "node:fs";
import { awsProviderEnvironment } from "../../support/aws-provider";
import { terraformBinary } from "../../support/terraform";
import type { AwsMachine, AwsRegion } from "./aws-region";
import { type CommandResult, runOrFail } from "./command";
import type { Project } from "./project";
import { everythingBelow, type Place } from "./secret-search";

/** Everything that Terraform, the machines, their Docker and their logs know. */
export async function placesOf(
  region: AwsRegion,
  project: Project,
  machines: readonly AwsMachine[],
  deployed: CommandResult,
): Promise<Place[]> {
  const shown = await project.terraform("plan", "-input=false", "-lock=false", "-out=search.tfplan");
  const saved = await project.terraform("show", "-json", "search.tfplan");
  const states = project.stateFiles().map((file) => ({
    name: file,
    text: readFileSync(file, "utf8"),
    control: "version",
  }));
  const places: Place[] = [
    { name: "output", text: deployed.output, control: "Apply complete" },
    { name: "plan", text: shown.output + saved.stdout, control: region.name },
    { name: "synthesized", text: everythingBelow(project.outputFolder), control: region.name },
    ...states,
  ];
  for (const machine of machines) {
    const { text } = await region.userData(machine);
    const shell = (line: string) => region.shell(machine, line);
    places.push(
      { name: `user data of ${machine.id}`, text, control: "ray-cluster" },
      {
        name: `journal of ${machine.id}`,
        text: await shell("journalctl --no-pager"),
        control: "fetched secret 'ray-token'",
      },
      {
        name: `CloudWatch logs of ${machine.id}`,
        text: await region.logsOf(machine),
        control: "fetched secret 'ray-token'",
      },
      {
        name: `command lines and environments of ${machine.id}`,
        text: await shell("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"),
        control: "PYTHONPATH=/opt/ray-cluster",
      },
      {
        name: `container of ${machine.id}`,
        text: await shell("docker inspect ray-cluster; docker logs ray-cluster 2>&1"),
        control: "ray_node",
      },
      {
        name: `files of ${machine.id}`,
        text: await shell("grep -rha '' /etc/ray-cluster /var/lib/cloud /var/log 2>/dev/null | tr -d '\\0'"),
        control: "cloud-init",
      },
    );
  }
  return places;
}

/**
 * The provider waits ten minutes before it looks whether a file system of FSx is gone: it goes with the emulator.
 */
export async function forgetLustre(project: Project): Promise<void> {
  const { resources } = JSON.parse(readFileSync(stateFile(project), "utf8"));
  const { type, name } = resources.find((resource: any) => resource.type === "aws_fsx_lustre_file_system");
  const forget = [`-chdir=${project.outputFolder}`, "state", "rm", `${type}.${name}`];
  await runOrFail(terraformBinary(), forget, { timeoutSeconds: 60, environment: awsProviderEnvironment() });
}

/** Without its backup. */
export function stateFile(project: Project): string {
  return project.stateFiles().find((file) => file.endsWith(".tfstate")) ?? "";
}
