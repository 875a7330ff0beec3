import { spawn } from "node:child_process";
import { createServer, type Server, type Socket } from "node:net";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { CommandError } from "../base/command-error";
import { attach } from "../base/process";
import { askContainer } from "./ask";
import { type ClusterChoice, clusterOf, nodeOf, type OwnedCluster } from "./clusters";
import { inContainer } from "./command-line";
import { type ClusterNode, type CommandLine, nodeProgram, type SshReach } from "./reach";
import { forwardingSession } from "./session-manager";

export interface ForwardOptions {
  /** @default - the head */
  readonly node?: string;
  /** @default - the same as on the node */
  readonly localPort?: string;
}

const LOOPBACK = "127.0.0.1";
const ANSWER_SECONDS = 20;

/**
 * Makes a port of a node reachable at this machine's loopback interface, until Ctrl-C.
 *
 * @param what `dashboard`, `api` or a port number
 * @param stopped ends it
 * @returns the exit code
 */
export async function forward(
  choice: ClusterChoice,
  what: string,
  options: ForwardOptions,
  write: (text: string) => void,
  stopped: AbortSignal,
): Promise<number> {
  const cluster = await clusterOf(choice);
  const node = nodeOf(cluster, options.node);
  const port = portOf(cluster, what);
  const localPort = options.localPort === undefined ? port : portNumber(options.localPort, "--local-port");
  await requireAnswer(node, port, what);
  await requireFree(localPort);
  const address =
    what === "dashboard" || what === "api" ? `http://${LOOPBACK}:${localPort}` : `${LOOPBACK}:${localPort}`;
  write(`${address} is port ${port} of ${node.called}; Ctrl-C ends it\n`);
  if (what === "dashboard") {
    write(
      "it asks for the cluster's token; to see it: " +
        `npx cdktf-ray-cluster run ${choice.stack} -- cat ${CONTAINER_PATHS.token}\n`,
    );
  }
  switch (node.reach.kind) {
    case "docker":
      return relay(node, port, localPort, stopped);
    case "ssh":
      return attached(sshForwarding(node.reach, port, localPort));
    case "session":
      return attached(forwardingSession(node.reach, port, localPort));
  }
}

/** Arguments of ssh that only forward a port. A connection of its own: the shared one closes without asking. */
export function sshForwarding({ sshArguments }: SshReach, port: number, localPort: number): CommandLine {
  return {
    program: "ssh",
    args: [
      ...["-N", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none"],
      ...["-L", `${LOOPBACK}:${localPort}:${LOOPBACK}:${port}`],
      ...sshArguments,
    ],
  };
}

/** @throws CommandError for what this cluster has not */
function portOf({ name, apiPort, dashboardPort }: OwnedCluster, what: string): number {
  if (what === "dashboard") {
    if (dashboardPort === null) {
      throw new CommandError(
        `the dashboard of cluster '${name}' is off, because the cluster has no token`,
        "It is on with a Ray that has token authentication, 2.52 or newer.",
      );
    }
    return dashboardPort;
  }
  if (what === "api") {
    if (apiPort === null) {
      throw new CommandError(`cluster '${name}' has no API`);
    }
    return apiPort;
  }
  return portNumber(what, "the port");
}

function portNumber(text: string, called: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) {
    throw new CommandError(`${called} must be dashboard, api or a number from 1 to 65535, got '${text}'`);
  }
  return port;
}

/** @throws CommandError where nothing listens, which a tunnel would only show as a broken connection */
async function requireAnswer(node: ClusterNode, port: number, what: string): Promise<void> {
  const options = { timeoutSeconds: ANSWER_SECONDS };
  const { exitCode, stdout, stderr, failure } = await askContainer(
    node,
    nodeProgram("connect", String(port)),
    options,
  );
  if (failure !== undefined && !failure.startsWith("no answer")) {
    throw new CommandError(`${node.called}: ${failure}`);
  }
  if (exitCode !== undefined && exitCode !== 0) {
    throw new CommandError(
      `${node.called}: ${(stderr || stdout).trim()}`,
      what === "dashboard"
        ? "The image may have Ray without its dashboard: it is part of `ray[default]`, not of `ray`."
        : undefined,
    );
  }
}

/** @throws CommandError if another program has the port */
async function requireFree(port: number): Promise<void> {
  const server = createServer();
  await listening(server, port);
  await new Promise((resolve) => server.close(resolve));
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new CommandError(
          `port ${port} of this machine: ${error.code}`,
          "Choose another: --local-port <port>.",
        ),
      );
    });
    server.listen(port, LOOPBACK, resolve);
  });
}

/** A port of a container on a network of its own: each connection is a program in the container. */
async function relay(
  node: ClusterNode,
  port: number,
  localPort: number,
  stopped: AbortSignal,
): Promise<number> {
  const { program, args } = inContainer(node.reach, nodeProgram("connect", String(port)), "input", "");
  const open = new Set<() => void>();
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env: process.env });
    const end = (): void => {
      open.delete(end);
      socket.destroy();
      child.kill();
    };
    open.add(end);
    child.on("error", end);
    child.stdin.on("error", () => undefined);
    socket.on("error", end).on("close", end);
    // Each pipe passes on the end of its side.
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
  });
  await listening(server, localPort);
  await new Promise<void>((resolve) => {
    const stop = (): void => {
      server.close(() => {
        resolve();
      });
      [...open].forEach((end) => {
        end();
      });
    };
    if (stopped.aborted) {
      stop();
    }
    stopped.addEventListener("abort", stop, { once: true });
  });
  return 0;
}

function attached({ program, args }: CommandLine): Promise<number> {
  return attach(program, args);
}
