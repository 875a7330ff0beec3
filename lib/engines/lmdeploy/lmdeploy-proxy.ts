import { option } from "../arguments";
import { behind, behindHaproxy } from "../reverse-proxy";
import { withApiKeys } from "../served-securely";
import type { LmdeployCut } from "./lmdeploy-cut";
import type { LmdeployServeProps } from "./lmdeploy-props";

/** Path at which the proxy lists the servers that have registered. */
export const SERVERS_PATH = "/nodes/status";
/** What clients may use besides: the proxy's other paths add and remove servers. */
const API = "/v1/";

/** Arguments of every node's servers, without the node's rank. */
export function serverArguments(cut: LmdeployCut): readonly string[] {
  return [
    ...option("--server-port", cut.serverPort),
    ...option("--proxy-url", `http://${addressOf(cut)}:${cut.proxyPort ?? cut.port}`),
    ...option("--nnodes", cut.nodes),
  ];
}

/**
 * The command of the head: the proxy, and behind it the servers of this node; in front of it HAProxy, where it is asked for.
 *
 * @param listen address at which the API listens
 */
export function withProxy(
  props: LmdeployServeProps,
  cut: LmdeployCut,
  listen: string,
  server: readonly string[],
): readonly string[] {
  const address = addressOf(cut);
  const port = cut.proxyPort ?? cut.port;
  const proxy = withApiKeys(props, "api-keys", [
    ...["lmdeploy", "serve", "proxy"],
    ...option("--server-name", props.reverseProxy === undefined ? listen : address),
    ...option("--server-port", port),
    // It would begin with the servers of its last run.
    "--disable-cache-status",
  ]);
  const servers = behind(proxy, address, port, server);
  if (props.reverseProxy === undefined) {
    return servers;
  }
  const { apiKeys, tls } = props;
  const proxied = {
    ...{ apiKeys, tls, listenAddress: listen, port: cut.port },
    ...{ server: `${address}:${port}`, healthPath: SERVERS_PATH, below: API },
  };
  return behindHaproxy(proxied, address, servers);
}

/** A missing address is a problem of its own (RC190). */
function addressOf({ headAddress = "127.0.0.1" }: LmdeployCut): string {
  return headAddress;
}
