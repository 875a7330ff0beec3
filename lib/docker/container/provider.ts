import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { conditional, Fn, Op, ref, TerraformProvider, TerraformStack, Token } from "cdktf";
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

/** A provider that somebody has declared, in the range of versions that this library is tested with. */
export function givenProvider(
  scope: IConstruct,
  provider: TerraformProvider | undefined,
): DockerProvider | undefined {
  if (provider === undefined) {
    return undefined;
  }
  constrainProvider(TerraformStack.of(scope), "docker");
  return provider as DockerProvider;
}

/**
 * The address that the stack's default provider has, as its importer has declared it.
 *
 * @returns `undefined` where there is no default provider, or one that takes `DOCKER_HOST` or the default socket
 */
export function defaultDockerHost(scope: IConstruct): string | undefined {
  const provider = TerraformStack.of(scope)
    .node.children.filter(isDockerProvider)
    .find(({ alias }) => alias === undefined);
  return hostOf(provider);
}

/** The address that a provider of Docker names; `undefined`: it takes `DOCKER_HOST` or the default socket. */
export function hostOf(provider: TerraformProvider | undefined): string | undefined {
  return (provider as DockerProvider | undefined)?.host;
}

/**
 * One more provider of the same daemon, for the containers of a cluster: see `AfterImages`.
 *
 * @param of the daemon's own provider
 * @param after address of the resource that is applied before anything is done with a container. @default - none
 */
export function containerProvider(of: DockerProvider, cluster: string, after?: string): DockerProvider {
  const stack = TerraformStack.of(of);
  const alias = ["containers", cluster, ...(of.alias === undefined ? [] : [of.alias])].join("-");
  const id = `docker-${alias}`;
  const present = stack.node.tryFindChild(id);
  if (present !== undefined) {
    return present as DockerProvider;
  }
  const { sshOpts, registryAuth, caMaterial, certMaterial, certPath, context, keyMaterial } = of;
  return new DockerProvider(stack, id, {
    host: after === undefined ? of.host : knownAfter(stack, after, of.host),
    ...{ sshOpts, registryAuth, caMaterial, certMaterial, certPath, context, keyMaterial },
    alias,
  });
}

/** A value that every plan knows, and that an apply reads once the resource has been applied. */
function knownAfter(stack: TerraformStack, address: string, value: string | undefined): string {
  const input = Fn.lengthOf(ref(`${address}.input`, stack));
  // Not `gt(…, 0)`: cdktf renders a zero as `undefined`.
  return Token.asString(conditional(Op.gte(input, 1), value ?? null, null));
}

function isDockerProvider(child: IConstruct): child is DockerProvider {
  return TerraformProvider.isTerraformProvider(child) && child.terraformResourceType === "docker";
}
