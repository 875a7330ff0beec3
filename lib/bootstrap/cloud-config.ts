import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { isLate } from "../problems/late-values";
import { remembered } from "../runtime/remembered";
import { bootFiles } from "./boot-files";
import { BootError, type BootFile, type BootSpec } from "./boot-spec";
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

function writeFile({ path, content, mode = "0644", isCompressed = false }: BootFile): object {
  const permissions = mode === "0644" ? {} : { permissions: mode };
  if (!isCompressed) {
    return { path, ...permissions, content };
  }
  if (isLate(content)) {
    throw new BootError(`${path} holds a value that is known only at apply, and cannot be compressed`);
  }
  return { path, ...permissions, encoding: "gz+b64", content: compressed(content) };
}

/** Deterministic, because a machine is replaced when its text changes. */
const compressed = remembered((content) => {
  const bytes = gzipSync(content, { level: 9 });
  // The header names the operating system here; its time is 0 already.
  bytes[9] = 255;
  return bytes.toString("base64");
});
