import { BootError, type BootFile, type BootMount, type BootSpec } from "./boot-spec";
import { HOST_PATHS, SERVICE } from "./host-paths";

/** Added to the time that the container has to stop. */
const STOP_MARGIN_SECONDS = 15;

/** The units of a machine that depend on its cluster: one per mount, and what the node waits for. */
export function systemdUnits({ mounts = [], container }: BootSpec): readonly BootFile[] {
  return [
    ...mounts.map((mount) => ({
      path: `${HOST_PATHS.units}/${mountUnitName(mount.hostPath)}`,
      content: mountUnit(mount),
    })),
    {
      path: `${HOST_PATHS.units}/${SERVICE}.d/10-cluster.conf`,
      content: [
        ...(mounts.length > 0 ? ["[Unit]", ...unitLines(mounts), ""] : []),
        "[Service]",
        `TimeoutStopSec=${container.stopSeconds + STOP_MARGIN_SECONDS}`,
        "",
      ].join("\n"),
    },
  ];
}

/**
 * Wanted, not required: the node itself retries a mount that failed, so it must start. Lustre's module takes its options
 * when it is loaded, so the boot mounts it after it has looked at the client.
 */
function unitLines(mounts: readonly BootMount[]): readonly string[] {
  const names = (some: readonly BootMount[]) => some.map(({ hostPath }) => mountUnitName(hostPath)).join(" ");
  const wanted = names(mounts.filter(({ type }) => type !== "lustre"));
  return [...(wanted === "" ? [] : [`Wants=${wanted}`]), `After=${names(mounts)}`];
}

/** The path, escaped as systemd requires: dashes for slashes. */
export function mountUnitName(hostPath: string): string {
  if (!/^(\/[\w.-]+)+$/.test(hostPath) || hostPath.split("/").some((part) => /^\.\.?$/.test(part))) {
    throw new BootError(
      `a mount point must be an absolute path of letters, digits, '_', '.' and '-', got '${hostPath}'`,
    );
  }
  const escaped = hostPath.slice(1).replaceAll("-", "\\x2d").replaceAll("/", "-").replace(/^\./, "\\x2e");
  return `${escaped}.mount`;
}

function mountUnit({ source, hostPath, type, options, after }: BootMount): string {
  const before = ["network-online.target", ...after];
  return [
    "[Unit]",
    `Description=Shared storage of the Ray cluster at ${hostPath}`,
    `Wants=network-online.target`,
    ...(after.length > 0 ? [`Requires=${after.join(" ")}`] : []),
    `After=${before.join(" ")}`,
    "",
    "[Mount]",
    `What=${source}`,
    `Where=${hostPath}`,
    `Type=${type}`,
    `Options=${["_netdev", ...options].join(",")}`,
    // A server that does not answer must not block the boot: the node retries.
    "TimeoutSec=300",
    "",
  ].join("\n");
}
