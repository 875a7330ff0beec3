import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { bootFiles } from "./boot-files";
import type { BootFile, BootSpec } from "./boot-spec";
import { ANNOUNCE_SERVICE, SERVICE } from "./host-paths";

/** Leaves room for values that are known only at apply, and for another compressor. */
export const USER_DATA_BUDGET_BYTES = 12_288;

/**
 * The cloud-config of a machine: files, and a service that runs at every boot. The same text is user data of a cloud, or a
 * file for bare metal (NoCloud).
 */
export function cloudConfig(spec: BootSpec): string {
  const services = [SERVICE, ...(spec.announce === undefined ? [] : [ANNOUNCE_SERVICE])];
  const { packages = [] } = spec;
  const config = {
    // Installed before `runcmd` starts the node.
    ...(packages.length > 0 ? { package_update: true, packages } : {}),
    write_files: bootFiles(spec).map(writeFile),
    runcmd: [
      ["systemctl", "daemon-reload"],
      // Without waiting: the service is ordered after cloud-init.
      ["systemctl", "enable", "--now", "--no-block", ...services],
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

/** Bytes of a text as user data of EC2, which is compressed. */
export function userDataBytes(text: string): number {
  return gzipSync(text).length;
}

function writeFile({ path, content, mode = "0644" }: BootFile): object {
  return { path, ...(mode === "0644" ? {} : { permissions: mode }), content };
}
