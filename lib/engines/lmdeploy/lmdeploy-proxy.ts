import * as path from "node:path";
import type { RuntimeFile } from "../../topology/engine-spec";
import { option } from "../arguments";
import { withApiKeys } from "../served-securely";
import { hasReplicas, type LmdeployCut } from "./lmdeploy-cut";
import type { LmdeployServeProps } from "./lmdeploy-props";

const LAUNCHER = "/opt/ray-cluster/with_proxy.py";

/** Path at which the proxy lists the servers that have registered. */
export const SERVERS_PATH = "/nodes/status";

/** Arguments of every node's servers, without the node's rank. */
export function serverArguments(cut: LmdeployCut): readonly string[] {
  return [
    ...option("--server-port", cut.serverPort),
    ...option("--proxy-url", `http://${addressOf(cut)}:${cut.port}`),
    ...option("--nnodes", cut.nodes),
  ];
}

/**
 * The command of the head: the proxy, and behind it the servers of this node.
 *
 * @param listen address at which the proxy listens
 */
export function withProxy(
  props: LmdeployServeProps,
  cut: LmdeployCut,
  listen: string,
  server: readonly string[],
): readonly string[] {
  const proxy = withApiKeys(props, "api-keys", [
    ...["lmdeploy", "serve", "proxy"],
    ...option("--server-name", listen),
    ...option("--server-port", cut.port),
    // It would begin with the servers of its last run.
    "--disable-cache-status",
  ]);
  return ["python3", LAUNCHER, addressOf(cut), String(cut.port), ...proxy, "--", ...server];
}

/** What that command needs in the container. */
export function proxyFiles(cut: LmdeployCut): readonly RuntimeFile[] {
  return hasReplicas(cut)
    ? [{ path: LAUNCHER, source: path.join(__dirname, path.posix.basename(LAUNCHER)) }]
    : [];
}

/** A missing address is a problem of its own (RC190). */
function addressOf({ headAddress = "127.0.0.1" }: LmdeployCut): string {
  return headAddress;
}
