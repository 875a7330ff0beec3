import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Accelerator, EmulatedServe, Fabric, LocalBackend, RayCluster } from "../lib";
import { App, TerraformStack } from "cdktf";
import { bundleText, unpackProgram } from "../lib/runtime/bundle";
import type { ContainerFile, ContainerSpec } from "../lib/runtime/container-spec/container-spec";
import { containerSpec } from "../lib/runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../lib/runtime/paths";
import type { ClusterPlan } from "../lib/topology/plan/plan";
import { DockerHost } from "./docker-host";
import { type Comparison, inTurns } from "./measure";

const SUBNET = "10.89.208.0/24";
const NAME = "bench-formed";
const TIMEOUT_SECONDS = 180;
const UNPACK = { program: "/unpack_files.py", bundle: "/files.json" };
const BY_HAND = join(__dirname, "floor/by_hand.py");

/** From the first container's start until every node is a member, for each number of nodes. */
export async function formed(runs: number): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const nodes of [2, 4, 8]) {
    const samples = await inTurns(
      runs,
      () => seconds(nodes, startNodes),
      () => seconds(nodes, startByHand),
    );
    comparisons.push({ what: `formed, ${nodes} nodes`, unit: "s", ...samples, target: 1.15 });
  }
  return comparisons;
}

type Start = (host: DockerHost, plan: ClusterPlan) => Promise<number>;

async function seconds(nodes: number, start: Start): Promise<number> {
  const plan = planOf(nodes);
  const host = new DockerHost(NAME, SUBNET);
  await host.clean();
  await host.prepare();
  try {
    const formedAt = await start(host, plan);
    return formedAt - (await host.firstStart());
  } finally {
    await host.clean();
  }
}

function planOf(nodes: number): ClusterPlan {
  return new RayCluster(new TerraformStack(new App(), NAME), NAME, {
    backend: new LocalBackend({ subnetCidr: SUBNET }),
    pools: [{ name: "npu", nodes, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 8 }],
    fabric: Fabric.TCP,
    image: LocalBackend.emulationImage(),
    engine: new EmulatedServe(),
  }).plan;
}

/** Ours: the containers of the plan. Epoch seconds at which the head became `formed`. */
async function startNodes(host: DockerHost, plan: ClusterPlan): Promise<number> {
  await startContainers(
    host,
    plan.nodes.map((node) => ({ spec: containerSpec(plan, node), address: node.address })),
  );
  const head = plan.nodes[0].name;
  return host.poll(TIMEOUT_SECONDS, async () => {
    const text = await host.exec(head, "cat", `${CONTAINER_PATHS.state}/${head}.json`);
    const { history } = JSON.parse(text) as { history: { state: string; at: string }[] };
    const entry = history.find(({ state }) => state === "formed");
    return entry && new Date(entry.at).getTime() / 1000;
  });
}

/** A node's container, and its address on the network. */
export interface PlacedContainer {
  readonly spec: ContainerSpec;
  readonly address?: string;
}

/** The containers of a plan, all at once. As in every place, they unpack their files before their command. */
export async function startContainers(host: DockerHost, nodes: readonly PlacedContainer[]): Promise<void> {
  for (const { spec, address } of nodes) {
    const options = [...optionsOf(spec), `--volume=${host.name}:${CONTAINER_PATHS.volume}`];
    const command = ["python3", UNPACK.program, UNPACK.bundle, ...spec.command];
    await host.create(spec.name, address ?? "", options, spec.image, command);
    const files = [
      { path: UNPACK.program, content: unpackProgram() },
      { path: UNPACK.bundle, content: bundleText(spec.files) },
    ];
    await withFiles(files, (folder) => host.copyInto(spec.name, folder));
  }
  await host.startAll();
}

/** By hand: `ray start` on all nodes at once. Epoch seconds at which `ray.nodes()` listed them all. */
export async function startByHand(host: DockerHost, plan: ClusterPlan): Promise<number> {
  const [head] = plan.nodes;
  for (const node of plan.nodes) {
    const role = node === head ? "head" : "worker";
    const command = [
      "python3",
      "/by_hand.py",
      role,
      node.address ?? "",
      head.address ?? "",
      `${plan.nodes.length}`,
    ];
    const options = ["--init", `--shm-size=${plan.container.sharedMemoryMiB}m`];
    await host.create(node.name, node.address ?? "", options, plan.image.reference, command);
    await host.copyInto(node.name, BY_HAND);
  }
  await host.startAll();
  return host.poll(TIMEOUT_SECONDS, async () => {
    const found = /^formed ([\d.]+)$/m.exec(await host.logs(head.name));
    return found === null ? undefined : Number(found[1]);
  });
}

function optionsOf(spec: ContainerSpec): string[] {
  return [
    "--init",
    `--shm-size=${spec.sharedMemoryMiB}m`,
    ...Object.entries(spec.environment).map(([name, value]) => `--env=${name}=${value}`),
    ...spec.devices.map(({ hostPath, containerPath }) => `--device=${hostPath}:${containerPath}`),
  ];
}

/** A folder with these files, as long as it is used. */
export async function withFiles(
  files: readonly ContainerFile[],
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-bench-"));
  for (const { path, content } of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  await use(`${folder}/.`);
  rmSync(folder, { recursive: true });
}
