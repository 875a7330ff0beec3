import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { containerOf, type DeployedCluster } from "./cluster";
import type { Project } from "./project";

/** Somewhere a secret must not be, with a text that certainly is there: it proves that the place was read. */
export interface Place {
  readonly name: string;
  readonly text: string;
  readonly control: string;
}

/** Everything that Terraform, Docker, the kernel and the logs know of the cluster. */
export async function placesOf(cluster: DeployedCluster, project: Project, output: string): Promise<Place[]> {
  const { docker, name, nodes } = cluster;
  const containers = await docker.containers(name);
  const head = containerOf(cluster, nodes[0]);
  const saved = await project.terraform("plan", "-input=false", "-lock=false", "-out=search.tfplan");
  const places: Place[] = [
    { name: "output of cdktf deploy", text: output, control: "Apply complete" },
    { name: "output of terraform plan", text: saved.output, control: "No changes" },
    {
      name: "saved plan",
      text: (await project.terraform("show", "-json", "search.tfplan")).stdout,
      control: head,
    },
    {
      name: "docker inspect",
      text: await docker.output("inspect", ...containers, ...(await docker.volumes(name))),
      control: "ray_node",
    },
    { name: "docker network inspect", text: await docker.output("network", "inspect", name), control: name },
    { name: "command lines", text: ofEveryProcess("cmdline"), control: "ray_node" },
    { name: "environments", text: ofEveryProcess("environ"), control: "PYTHONPATH=/opt/ray-cluster" },
    ...project.stateFiles().map((file) => ({
      name: file,
      text: readFileSync(file, "utf8"),
      control: file.endsWith(".backup") ? "version" : head,
    })),
    { name: "synthesized files", text: everythingBelow(project.outputFolder), control: head },
  ];
  for (const container of containers) {
    places.push({
      name: `log of ${container}`,
      text: await docker.everything("logs", container),
      control: "serving",
    });
  }
  for (const node of nodes) {
    const container = containerOf(cluster, node);
    for (const { folder, control } of FOLDERS) {
      const text = await docker.output("exec", container, "grep", "-r", "", folder);
      places.push({ name: `${folder} in ${container}`, text, control });
    }
  }
  const engineLog = await docker.output("exec", head, "cat", "/var/log/ray-cluster/engine.log");
  places.push({ name: "engine log", text: engineLog, control: `${cluster.ranks} of ${cluster.ranks} ranks` });
  return places;
}

/** Names of the places that hold `text`, as it is or in base64. */
export function holders(places: readonly Place[], text: string): string[] {
  const forms = [text, Buffer.from(text).toString("base64").replace(/=+$/, "")];
  return places.filter((place) => forms.some((form) => place.text.includes(form))).map((place) => place.name);
}

/** In every node's container: Ray's own logs, and the state files of all nodes. */
const FOLDERS = [
  { folder: "/tmp/ray/session_latest/logs", control: "raylet" },
  { folder: "/var/lib/ray-cluster/state", control: "serving" },
];

/** Of all processes, those in containers too. */
function ofEveryProcess(file: "cmdline" | "environ"): string {
  const processes = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return processes.map((pid) => readIfThere(join("/proc", pid, file)).replaceAll("\0", "\n")).join("\n");
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    // It ended meanwhile.
    return "";
  }
}

export /** Text of every file below a folder, but for what Terraform has downloaded. */
function everythingBelow(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  const plain = files.filter((file) => !file.includes("/.terraform/") && statSync(file).isFile());
  return plain.map((file) => readFileSync(file, "latin1")).join("\n");
}
