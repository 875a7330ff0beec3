import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type HostsFile, hostsFileName } from "../../docker/hosts/hosts-file";
import { counted } from "../../problems/text";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { CommandError } from "../base/command-error";
import { lastLines } from "../base/process";
import type { Progress } from "../base/progress";
import { type HostTarget, runOnHost } from "../base/host-shell";
import { type Answer, askContainer, askDocker } from "./ask";
import { type ClusterChoice, clusterOf, type OwnedCluster } from "./clusters";
import { type ClusterNode, nodeProgram } from "./reach";

const ASK_SECONDS = 60;
/** A node has its own deadline to stop, which is in its container. */
const RESTART_SECONDS = 900;
/** The node program's own deadline is the workload's. */
const WAIT_SECONDS = 86_400;

/**
 * Gives a cluster a new Ray token and restarts its nodes: whoever had the old one, a machine that was lost for example, can
 * do nothing with it any more. The engine loads again; machines, images and models stay as they are.
 *
 * @throws CommandError that says which nodes have the old token still, and if the cluster does not serve afterwards
 */
export async function rotateToken(choice: ClusterChoice, progress: Progress): Promise<void> {
  const cluster = await clusterOf(choice);
  const replace = tokenOf(cluster);
  await progress.step(`asking ${counted(cluster.nodes.length, "node")}`, () =>
    all(
      cluster.nodes,
      (node) => askDocker(node, ["inspect", node.reach.container], LIMIT),
      "nothing was changed",
    ),
  );
  await progress.step("replacing the token", replace);
  await progress.step("restarting the nodes", () =>
    all(
      cluster.nodes,
      (node) =>
        askDocker(node, ["restart", node.reach.container], { ...LIMIT, timeoutSeconds: RESTART_SECONDS }),
      "the others have the new token; run the command again",
    ),
  );
  const [head] = cluster.nodes;
  const ended = await progress.step("waiting for the cluster", () =>
    askContainer(head, nodeProgram("wait"), {
      timeoutSeconds: WAIT_SECONDS,
      keptLines: 20,
      onLine: (line) => {
        progress.say(`  ${line}`);
      },
    }),
  );
  if (ended.exitCode !== 0) {
    throw new CommandError(
      `cluster '${cluster.name}' has a new token and does not serve: ${ended.failure ?? "see above"}`,
      `Look at \`npx cdktf-ray-cluster status ${choice.stack}\`.`,
    );
  }
}

const LIMIT = { timeoutSeconds: ASK_SECONDS, keptLines: 20 };

/** How this cluster's token is replaced. @throws CommandError where that cannot be done */
function tokenOf(cluster: OwnedCluster): () => Promise<void> {
  const file = join(cluster.stackFolder, hostsFileName(cluster.name));
  if (existsSync(file)) {
    const { token, machines } = JSON.parse(readFileSync(file, "utf8")) as HostsFile;
    if (token === null) {
      throw new CommandError(`cluster '${cluster.name}' has no token: its Ray cannot authenticate (RC067)`);
    }
    return () => onMachines(machines, token);
  }
  if (cluster.nodes.some(({ reach }) => reach.kind === "session")) {
    throw new CommandError(
      `the token of cluster '${cluster.name}' cannot be replaced on its machines`,
      "On EC2 the head makes it when its machine boots for the first time: replace the head (`-replace`), and the workers with it.",
    );
  }
  // One volume for all nodes, in which a head makes a token where there is none.
  const remove = ["rm", "-f", CONTAINER_PATHS.token];
  return () =>
    all(cluster.nodes.slice(0, 1), (head) => askContainer(head, remove, LIMIT), "nothing was changed");
}

/** The token is in no argument, file or log of this machine. */
async function onMachines(
  machines: readonly HostTarget[],
  { volume, image }: NonNullable<HostsFile["token"]>,
): Promise<void> {
  const [head, ...others] = machines;
  const facts = (action: string) => [`action ${action}`, `volume ${volume}`, `image ${image}`];
  await onMachine(head, facts("renew"));
  const token = await onMachine(head, facts("print"));
  await Promise.all(others.map((machine) => onMachine(machine, [...facts("take"), `token ${token}`])));
}

async function onMachine(machine: HostTarget, facts: readonly string[]): Promise<string> {
  const outcome = await runOnHost(machine, "cluster-token.sh", facts, { timeoutSeconds: ASK_SECONDS });
  if (outcome.exitCode !== 0) {
    throw new CommandError(
      `${machine.called}: ${lastLines(outcome.stderr, 1) || "cannot be reached"}`,
      "Machines may have different tokens now, which their nodes notice when they start. Mend the machine and run the command again.",
    );
  }
  return outcome.stdout.trim();
}

async function all(
  nodes: readonly ClusterNode[],
  ask: (node: ClusterNode) => Promise<Answer>,
  otherwise: string,
): Promise<void> {
  const answers = await Promise.all(nodes.map(async (node) => ({ node, answer: await ask(node) })));
  const failed = answers.filter(({ answer }) => answer.exitCode !== 0);
  if (failed.length > 0) {
    const lines = failed.map(
      ({ node, answer }) => `${node.called}: ${answer.failure ?? lastLines(answer.stderr, 1)}`,
    );
    throw new CommandError(
      [`${counted(failed.length, "node")} cannot be used; ${otherwise}`, ...lines].join("\n"),
    );
  }
}
