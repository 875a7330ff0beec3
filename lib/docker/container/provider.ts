import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { TerraformProvider, TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import { literal } from "../../terraform/encode";
import { constrainProvider } from "../../terraform/provider-versions";

/** How to reach a daemon on another machine, and what it may pull. */
export interface DockerAccess {
  /** Arguments of ssh. */
  readonly sshOptions?: readonly string[];
  /** Registries to which the user of Terraform's machine is logged in. */
  readonly registryLogins?: readonly string[];
}

/**
 * The provider of the daemon at `host`, one per daemon and stack.
 *
 * @param host as declared, e.g. `unix:///var/run/docker.sock`; `undefined` for the stack's default provider, which uses
 * `DOCKER_HOST` or the default socket
 * @param access how to reach a daemon on another machine
 */
export function dockerProvider(
  scope: IConstruct,
  host: string | undefined,
  access: DockerAccess = {},
): DockerProvider {
  const stack = TerraformStack.of(scope);
  constrainProvider(stack, "docker");
  const address = host === undefined ? undefined : literal(host, "dockerHost");
  const present = stack.node.children
    .filter(isDockerProvider)
    .find((provider) => (address === undefined ? provider.alias === undefined : provider.host === address));
  if (present !== undefined) {
    return present;
  }
  // A provider without an alias is the default of the stack.
  const alias = address?.replace(/[^A-Za-z0-9]+/g, "-");
  return new DockerProvider(stack, alias === undefined ? "docker" : `docker-${alias}`, {
    host: address,
    sshOpts: access.sshOptions?.map((option) => literal(option, "ssh option")),
    // Without credentials here the provider uses those of `docker login`.
    registryAuth: access.registryLogins?.map((address) => ({ address: literal(address, "registry") })),
    alias,
  });
}

function isDockerProvider(child: IConstruct): child is DockerProvider {
  return TerraformProvider.isTerraformProvider(child) && child.terraformResourceType === "docker";
}
