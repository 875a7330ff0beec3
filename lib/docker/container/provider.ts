import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { TerraformProvider, TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import { literal } from "../../terraform/encode";
import { constrainProvider } from "../../terraform/provider-versions";

/** How a daemon on another machine is reached, and what it may pull. */
export interface DockerAccess {
  /** Arguments of ssh. */
  readonly sshOptions?: readonly string[];
  /** Registries for which the user of Terraform's machine is logged in. */
  readonly registryLogins?: readonly string[];
}

/**
 * The provider of the daemon at `host`, one per daemon and stack.
 *
 * @param host the user's declaration, e.g. `unix:///var/run/docker.sock`; `undefined`: the stack's
 * default provider, which takes `DOCKER_HOST`, else the usual socket
 * @param access how a daemon on another machine is reached
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
  // Without an alias a provider is the default of the stack; a daemon that is named gets one.
  const alias = address?.replace(/[^A-Za-z0-9]+/g, "-");
  return new DockerProvider(stack, alias === undefined ? "docker" : `docker-${alias}`, {
    host: address,
    sshOpts: access.sshOptions?.map((option) => literal(option, "ssh option")),
    // Without further words the provider takes the credentials of `docker login`, and hands them to the daemon.
    registryAuth: access.registryLogins?.map((address) => ({ address: literal(address, "registry") })),
    alias,
  });
}

function isDockerProvider(child: IConstruct): child is DockerProvider {
  return TerraformProvider.isTerraformProvider(child) && child.terraformResourceType === "docker";
}
