import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { counted, harmless } from "../../problems/text";
import { CommandError } from "../base/command-error";
import { runOrFail } from "../base/process";
import type { Progress } from "../base/progress";
import { askContainer, askDocker } from "./ask";
import { type ClusterChoice, type OwnedCluster, clustersOf } from "./clusters";
import { wholeLog } from "./logs";
import { lookAt } from "./node-state";
import { type ClusterNode, nodeProgram } from "./reach";
import { redact } from "./redact";
import { statusText } from "./status";

export interface DoctorOptions {
  /** Path of the archive. @default - `<stack>-<time>.tar.gz` in the present folder */
  readonly file?: string;
}

const COLLECT_SECONDS = 180;
const LOG_LINES = 5000;
const MOST_OF_A_NAME = 100;
const DEEPEST = 8;
/** Of one node; it has about fifty. */
const MOST_TEXTS = 500;
const INSPECT = "{{json .State}} restarts={{.RestartCount}} image={{.Image}} started={{.State.StartedAt}}";

/** A text of the archive; the name has `/` between folders. */
interface ArchivedText {
  readonly name: string;
  readonly text: string;
}

/**
 * Writes one archive with what helps to find a failure: status, logs of nodes, engine and Ray, findings of the preflight,
 * the review. A node that does not answer is named in it and stops nothing.
 *
 * @returns the path of the archive
 * @throws CommandError if the file exists, or cannot be written
 */
export async function doctor(
  choice: ClusterChoice,
  { file }: DoctorOptions,
  progress: Progress,
): Promise<string> {
  const now = new Date();
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const path = resolve(file ?? `${choice.stack}-${stamp}.tar.gz`);
  if (existsSync(path)) {
    throw new CommandError(`${path} exists`, "Name another file: --file <path>.");
  }
  const clusters = await clustersOf(choice);
  const texts = (await Promise.all(clusters.map((cluster) => textsOf(cluster, now, progress)))).flat();
  await writeArchive(path, basename(path).replace(/\.(tar\.gz|tgz)$/, ""), texts);
  return path;
}

async function textsOf(
  cluster: OwnedCluster,
  now: Date,
  progress: Progress,
): Promise<readonly ArchivedText[]> {
  const title = `asking ${counted(cluster.nodes.length, "node")} of cluster '${cluster.name}'`;
  return progress.step(title, async () => {
    const seen = await lookAt(cluster);
    const ofNodes = await Promise.all(
      cluster.nodes.map(async (node) => {
        const found = await textsOfNode(node);
        progress.say(`  ${node.called}: ${counted(found.length, "file")}`);
        return found.map(({ name, text }) => ({ name: `${cluster.name}/${node.name}/${name}`, text }));
      }),
    );
    const review = join(cluster.stackFolder, "review.md");
    return [
      { name: `${cluster.name}/status.txt`, text: `${now.toISOString()}\n${statusText(seen, now)}\n` },
      ...(existsSync(review)
        ? [{ name: `${cluster.name}/review.md`, text: readFileSync(review, "utf8") }]
        : []),
      ...ofNodes.flat(),
    ];
  });
}

async function textsOfNode(node: ClusterNode): Promise<readonly ArchivedText[]> {
  const options = { timeoutSeconds: COLLECT_SECONDS };
  const [collected, log, inspected] = await Promise.all([
    askContainer(node, nodeProgram("collect"), options),
    wholeLog(node, LOG_LINES),
    askDocker(node, ["inspect", "--type", "container", "--format", INSPECT, node.reach.container], options),
  ]);
  const troubles = [
    ["collect", collected],
    ["log", log],
    ["docker inspect", inspected],
  ] as const;
  const silent = troubles.flatMap(([what, { failure }]) =>
    failure === undefined ? [] : [`${what}: ${failure}`],
  );
  return [
    ...collectedTexts(collected.stdout),
    ...(log.stdout === "" ? [] : [{ name: "node.log", text: `${log.stdout}\n` }]),
    ...(inspected.stdout === "" ? [] : [{ name: "container.txt", text: `${inspected.stdout}\n` }]),
    ...(silent.length === 0 ? [] : [{ name: "no-answer.txt", text: `${silent.join("\n")}\n` }]),
  ];
}

/** What `ray_node collect` printed. A line that is none of its own is left out. Exported for its test. */
export function collectedTexts(printed: string): readonly ArchivedText[] {
  const found = printed.split("\n").flatMap((line) => {
    try {
      const { name, text } = JSON.parse(line) as Partial<ArchivedText>;
      return typeof name === "string" && typeof text === "string" ? [{ name, text }] : [];
    } catch {
      return [];
    }
  });
  return found.slice(0, MOST_TEXTS);
}

/** Names come from the nodes, so nothing of them may lead out of the archive's folder, or be longer than a file's. */
function safeName(name: string): string {
  return name
    .split("/")
    .map((part) => part.replace(/[^\w.@+-]/g, "_").slice(0, MOST_OF_A_NAME))
    .filter((part) => part !== "" && part !== "." && part !== "..")
    .slice(0, DEEPEST)
    .join("/");
}

/** By where they will lie. A name that another text has, or that would need a file to be a folder, gets a number. */
function placed(texts: readonly ArchivedText[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const folders = new Set<string>();
  for (const { name, text } of texts) {
    const safe = safeName(name);
    const above = safe.split("/").map((_, index, parts) => parts.slice(0, index).join("/"));
    const isFree = !files.has(safe) && !folders.has(safe) && !above.some((folder) => files.has(folder));
    const path = isFree ? safe : `unplaced/${files.size}`;
    files.set(path, text);
    (isFree ? above : ["unplaced"]).forEach((folder) => folders.add(folder));
  }
  return files;
}

async function writeArchive(path: string, folder: string, texts: readonly ArchivedText[]): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "ray-cluster-doctor-"));
  try {
    for (const [name, text] of placed(texts)) {
      const target = join(work, folder, name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, redact(harmless(text)), { mode: 0o600 });
    }
    mkdirSync(dirname(path), { recursive: true });
    await runOrFail("tar", ["-czf", path, "-C", work, folder], { timeoutSeconds: COLLECT_SECONDS });
    chmodSync(path, 0o600);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
