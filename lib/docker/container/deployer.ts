import { hostname, userInfo } from "node:os";
import type { ContainerUpload } from "@cdktf/provider-docker/lib/container";
import type { Construct } from "constructs";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { addStackFile } from "../../terraform/stack-files";

const SOURCE = "files/deployer";

/**
 * A file of the readiness check that says who synthesized, as `user@host`: whoever is refused meanwhile reads it. The
 * configuration has its path and no hash, so another user's synth changes nothing in a plan; the provider reads the file when
 * it creates the container.
 */
export function deployerFile(scope: Construct): ContainerUpload {
  addStackFile(scope, SOURCE, `${userName()}@${hostname()}\n`);
  return { file: CONTAINER_PATHS.deployer, source: SOURCE };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that its system does not know.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
