import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTAINER_PATHS } from "../../lib/runtime/paths";
import type { Workload } from "../../lib/runtime/workload/workload";
import { CommandError } from "../../lib/cli/base/command-error";

/** What a local stack creates on the Docker engine, read from what was synthesized. */
export interface LocalStack {
  readonly name: string;
  /** Names of all containers, nodes and gate. */
  readonly containers: readonly string[];
  /** References of the images that its containers run. */
  readonly images: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  /** Container of the head. */
  readonly head: string;
  /** Container that waits until the cluster serves. */
  readonly gate: string;
  /** `http://<address>:<port>` of the engine's API. */
  readonly endpoint: string;
  /** What the cluster runs: what is asked of the engine, and the deadlines. */
  readonly workload: Workload;
}

interface ContainerJson {
  readonly name: string;
  readonly image: string;
  readonly must_run?: boolean;
  readonly ports?: readonly { readonly external: number; readonly ip: string }[];
  readonly upload?: readonly { readonly file: string; readonly content?: string }[];
}

interface Manifest {
  readonly stacks: {
    readonly [name: string]: { readonly name: string; readonly synthesizedStackPath: string };
  };
}

interface StackJson {
  readonly resource?: {
    readonly docker_container?: { readonly [id: string]: ContainerJson };
    readonly docker_network?: { readonly [id: string]: { readonly name: string } };
    readonly docker_volume?: { readonly [id: string]: { readonly name: string } };
  };
}

/** The local clusters among the stacks that were synthesized below `root`. */
export function localStacks(root: string): readonly LocalStack[] {
  const folder = join(root, "cdktf.out");
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
  return Object.values(manifest.stacks).flatMap(({ name, synthesizedStackPath }) => {
    const json = JSON.parse(readFileSync(join(folder, synthesizedStackPath), "utf8")) as StackJson;
    return localStackOf(name, json) ?? [];
  });
}

/** @throws CommandError for a name that is none of the stacks' */
export function stackNamed(stacks: readonly LocalStack[], name: string): LocalStack {
  const stack = stacks.find((candidate) => candidate.name === name);
  if (stack === undefined) {
    throw new CommandError(
      `unknown local cluster '${name}'; the stacks have ${stacks.map((candidate) => candidate.name).join(", ")}`,
    );
  }
  return stack;
}

/** `undefined`: a stack of another kind. */
export function localStackOf(name: string, json: StackJson): LocalStack | undefined {
  const containers = Object.values(json.resource?.docker_container ?? {});
  const head = containers.find((container) => (container.ports?.length ?? 0) > 0);
  const gate = containers.find((container) => container.must_run === false);
  const port = head?.ports?.[0];
  const upload = gate?.upload?.find((file) => file.file === CONTAINER_PATHS.workload);
  if (head === undefined || gate === undefined || port === undefined || upload?.content === undefined) {
    return undefined;
  }
  return {
    name,
    containers: containers.map((container) => container.name),
    images: [...new Set(containers.map((container) => unescapeTerraform(container.image)))],
    networks: namesOf(json.resource?.docker_network),
    volumes: namesOf(json.resource?.docker_volume),
    head: head.name,
    gate: gate.name,
    endpoint: `http://${port.ip}:${port.external}`,
    workload: JSON.parse(unescapeTerraform(upload.content)) as Workload,
  };
}

function namesOf(resources: { readonly [id: string]: { readonly name: string } } = {}): string[] {
  return Object.values(resources).map((resource) => resource.name);
}

/** Undoes what makes a text literal for Terraform, which reads `${` and `%{` in every string. */
function unescapeTerraform(text: string): string {
  return text.replaceAll("$${", "${").replaceAll("%%{", "%{");
}
