import type { Construct } from "constructs";
import {
  ClusterBackend,
  type ClusterEndpoint,
  type ClusterShape,
  type ClusterSite,
} from "../../terraform/cluster-backend";
import type { Place } from "../../topology/plan/place";
import type { ClusterPlan } from "../../topology/plan/plan";
import type { Problem } from "../../problems/problem";
import { assign } from "./assignment";
import { documentationMachines } from "./documentation";
import { type HostMachine, type Machine, withDefaults } from "./host-machine";
import { buildHostsCluster } from "./hosts-cluster";
import { type Inventory, locatedProblems, readInventory } from "./inventory";
import { checkHosts, type HostsSettings } from "./rules";

/** What may be chosen of a cluster's place besides its machines. */
export interface HostsBackendOptions {
  /**
   * CPUs that each node announces to Ray.
   *
   * @default - all of the machine
   */
  readonly cpusPerNode?: number;
  /**
   * Ray's object store in each node, in MiB.
   *
   * @default - Ray's own: 30 % of the machine's memory
   */
  readonly objectStoreMiB?: number;
  /**
   * Shared memory of each container, in MiB; the object store lies in there.
   *
   * @default - computed from accelerators and object store
   */
  readonly sharedMemoryMiB?: number;
  /**
   * How long a machine may take to pull the image, in seconds.
   *
   * @default 7200
   */
  readonly imagePullTimeoutSeconds?: number;
  /**
   * Registries that give the image only to who is logged in, e.g. `quay.io`. The machines pull with the credentials of
   * `docker login` on the machine of Terraform; none of them keeps any.
   *
   * @default - none
   */
  readonly registryLogins?: readonly string[];
}

/** Machines that exist, and what may be chosen of the place. */
export interface HostsBackendProps extends HostsBackendOptions {
  /** The machines, one for each node; the first one is the head. */
  readonly hosts: readonly HostMachine[];
  /** IPv4 CIDR of the network that the machines share. */
  readonly subnetCidr: string;
  /**
   * User of ssh: root, or a member of the group `docker`.
   *
   * @default 'root'
   */
  readonly sshUser?: string;
  /**
   * Port of ssh.
   *
   * @default 22
   */
  readonly sshPort?: number;
  /**
   * Options of ssh as in its configuration file, e.g. `IdentityFile=~/.ssh/cluster`.
   *
   * @default - none but your own configuration
   */
  readonly sshOptions?: readonly string[];
}

/** Context of `cdktf.json` that names the inventory. */
const CONTEXT_KEY = "inventory";

/**
 * Machines that exist already: Ascend servers, one-click GPU clusters. Each is reached by ssh, and its Docker
 * engine runs one node. Addresses for documentation synthesize, but are never deployed to.
 */
export class HostsBackend extends ClusterBackend {
  /**
   * The machines of an inventory file (YAML), whose names are those of `HostsBackendProps` and `HostMachine`.
   *
   * @param path relative to the folder of `cdktf.json`
   */
  public static fromInventory(path: string, options: HostsBackendOptions = {}): HostsBackend {
    const inventory = readInventory(path);
    const { subnetCidr, sshUser, sshPort, sshOptions, hosts } = inventory;
    const props = { subnetCidr: subnetCidr ?? "", sshUser, sshPort, sshOptions, hosts };
    const backend = new HostsBackend({ ...options, ...props });
    backend.inventory = inventory;
    return backend;
  }

  /**
   * The machines of the inventory file that the context `inventory` names: a path, or an object with one path
   * for each stack. `cdktf.json` holds it, or `--context inventory=<path>`.
   *
   * @throws Error where the context names none
   */
  public static fromContext(scope: Construct, options: HostsBackendOptions = {}): HostsBackend {
    const value: unknown = scope.node.tryGetContext(CONTEXT_KEY);
    const stack = scope.node.scopes.map(({ node }) => node.id).find((id) => id !== "");
    const path =
      typeof value === "object" && value !== null && stack !== undefined
        ? (value as { readonly [stack: string]: unknown })[stack]
        : value;
    if (typeof path !== "string") {
      throw new Error(
        `no inventory for '${scope.node.path}': name its file in cdktf.json, ` +
          `"context": { "${CONTEXT_KEY}": "machines.yaml" }, or one for each stack by the stack's name`,
      );
    }
    return HostsBackend.fromInventory(path, options);
  }

  /** IPv4 CIDR of the network that the machines share. */
  public readonly subnetCidr: string;
  /** The machines as declared. */
  public readonly hosts: readonly HostMachine[];
  private readonly settings: HostsSettings;
  private inventory?: Inventory;

  public constructor(props: HostsBackendProps) {
    super();
    this.subnetCidr = props.subnetCidr;
    this.hosts = props.hosts;
    const defaults = {
      sshUser: props.sshUser ?? "root",
      sshPort: props.sshPort ?? 22,
      sshOptions: props.sshOptions ?? [],
    };
    this.settings = {
      machines: props.hosts.map((host) => withDefaults(host, defaults)),
      cpusPerNode: props.cpusPerNode,
      objectStoreMiB: props.objectStoreMiB,
      sharedMemoryMiB: props.sharedMemoryMiB,
      imagePullTimeoutSeconds: props.imagePullTimeoutSeconds ?? 7200,
      registryLogins: props.registryLogins ?? [],
    };
  }

  /** @internal */
  public override _open(scope: Construct, shape: ClusterShape): ClusterSite {
    return {
      place: this.place(shape),
      problems: this.problems(shape),
      build: (plan) => this.build(scope, plan),
    };
  }

  private place(shape: ClusterShape): Place {
    const { cpusPerNode, objectStoreMiB, sharedMemoryMiB, machines } = this.settings;
    const assigned = Object.entries(assign(machines, shape.pools));
    return {
      backend: "hosts",
      subnetCidr: this.subnetCidr,
      // What an inventory lacks is a problem of its own.
      addresses: Object.fromEntries(
        assigned.map(([pool, hosts]) => [pool, hosts.map(({ address }) => address ?? "")]),
      ),
      deviceIps: Object.fromEntries(
        assigned.map(([pool, hosts]) => [pool, hosts.map(({ deviceIps }) => deviceIps)]),
      ),
      networkMode: "host",
      emulated: false,
      cpusPerNode,
      objectStoreMiB,
      sharedMemoryMiB,
    };
  }

  private build(scope: Construct, plan: ClusterPlan): ClusterEndpoint {
    const { imagePullTimeoutSeconds, machines, registryLogins } = this.settings;
    const assigned = assign(machines, plan.pools);
    return buildHostsCluster(scope, plan, {
      machines: new Map(plan.nodes.map((node) => [node.name, assigned[node.pool][node.index] as Machine])),
      imagePullTimeoutSeconds,
      registryLogins,
      refusals: this.refusals(scope),
    });
  }

  private problems(shape: ClusterShape): readonly Problem[] {
    const found = checkHosts(this.settings, shape);
    return this.inventory === undefined
      ? found.map((problem) => ({ ...problem, path: `backend.${problem.path}` }))
      : locatedProblems(this.inventory, found);
  }

  /** Machines that are none are good enough to read a plan, and for nothing else. */
  private refusals(scope: Construct): readonly string[] {
    const machines = documentationMachines(this.settings.machines);
    const where = this.inventory?.file ?? `\`hosts\` of the HostsBackend of '${scope.node.path}'`;
    return machines.length === 0
      ? []
      : [
          `No machine has the addresses of ${machines.map(({ name }) => name).join(", ")} ` +
            `(${machines.map(({ sshHost, address }) => `${sshHost}, ${address}`).join("; ")}): they are ` +
            `for documentation. Write your own machines into ${where} and deploy again.`,
        ];
  }
}
