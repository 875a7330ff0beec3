import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { bootFiles } from "./boot-files";
import { BootError, type BootFile, type BootSpec } from "./boot-spec";
import { ANNOUNCE_SERVICE, SERVICE } from "./host-paths";

/** Beyond this EC2 takes no user data; it counts what is compressed, before base64. */
export const USER_DATA_LIMIT_BYTES = 16_384;
/** What is kept free for values that are known only at apply, and for another compressor. */
export const USER_DATA_BUDGET_BYTES = 12_288;

/**
 * The first boot of a machine, as cloud-init reads it: files, and a service that runs at every boot from then on.
 * The same text is user data of a cloud, or a file for a machine of one's own (NoCloud).
 */
export function cloudConfig(spec: BootSpec): string {
  const services = [SERVICE, ...(spec.announce === undefined ? [] : [ANNOUNCE_SERVICE])];
  const { packages = [] } = spec;
  const config = {
    // They are there before `runcmd` starts the node.
    ...(packages.length > 0 ? { package_update: true, packages } : {}),
    write_files: bootFiles(spec).map(writeFile),
    runcmd: [
      ["systemctl", "daemon-reload"],
      // Without waiting: cloud-init must end, so that what waits for it can begin.
      ["systemctl", "enable", "--now", "--no-block", ...services],
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

/** Bytes that a text has as user data. */
export function userDataBytes(text: string): number {
  return gzipSync(text).length;
}

/** @throws BootError for a text that no machine of EC2 would get */
export function requireUserDataSize(text: string, what: string): void {
  const bytes = userDataBytes(text);
  if (bytes > USER_DATA_LIMIT_BYTES) {
    throw new BootError(
      `user data of ${what} has ${bytes} bytes after gzip, and EC2 takes ${USER_DATA_LIMIT_BYTES}; ` +
        "take long texts out of the engine's arguments and environments, or bring them in the image",
    );
  }
}

function writeFile({ path, content, mode = "0644" }: BootFile): object {
  return { path, ...(mode === "0644" ? {} : { permissions: mode }), content };
}
