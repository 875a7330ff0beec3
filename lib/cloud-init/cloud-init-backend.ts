import { Fn, TerraformLocal, type TerraformResource, Token } from "cdktf";
import type { Construct } from "constructs";
import {
  ClusterBackend,
  type ClusterDeclaration,
  type ClusterEndpoint,
  type ClusterSite,
} from "../terraform/cluster-backend";
import { addStackFile } from "../terraform/stack-files";
import { template } from "../terraform/template";
import { clusterEndpoint } from "../topology/plan/endpoint";
import type { Place } from "../topology/plan/place";
import type { ClusterPlan } from "../topology/plan/plan";
import { ClusterWait, waitSeconds } from "./cluster-wait";
import { type MachineText, machineTexts, metaData, programText } from "./machine-text";
import { machinesReview } from "./machines-review";
import { refuseUnbootable } from "./plan-rules";
import { checkPlace } from "./rules";
import { SecretSource } from "./secret-source";
import type { CloudInitBackendProps, CloudInitSettings } from "./settings";

export type { CloudInitBackendProps, RegistryLogin } from "./settings";

/**
 * Machines of any provider, or of one's own, that boot with cloud-init. This writes what they boot with: a text for
 * `user_data` of a resource in the same stack (`userData`), and files beside the stack for NoCloud. Who makes the
 * machines is not its business. One backend is the place of one cluster.
 */
export class CloudInitBackend extends ClusterBackend {
  private readonly settings: CloudInitSettings;
  private readonly references = new Map<string, string>();
  private wait?: ClusterWait;

  public constructor(props: CloudInitBackendProps) {
    super();
    this.settings = {
      ...props,
      rayToken: props.rayToken ?? SecretSource.file("/etc/ray-cluster/ray-token"),
      bootTimeoutSeconds: props.bootTimeoutSeconds ?? 900,
    };
  }

  /**
   * What the machine of a node boots with, for the resource that makes it, once the `RayCluster` is declared. Nodes that
   * get their addresses at boot have the text of their pool in common.
   *
   * Without `programUrl` it is half a megabyte, and marked as sensitive only so that no plan prints it.
   *
   * @param node name of the node, e.g. `gpu-0`: `cluster.plan.nodes` has them all, the head first
   */
  public userData(node: string): string {
    const reference = this.references.get(node);
    if (reference === undefined) {
      const known = [...this.references.keys()];
      throw new Error(
        known.length === 0
          ? `no user data for '${node}': declare the RayCluster with this backend first`
          : `no user data for '${node}': the nodes are ${known.join(", ")}`,
      );
    }
    return reference;
  }

  /**
   * The resources that are the machines: the wait of a readiness check begins when they are made, and anew when one
   * is replaced. Without a check there is nothing that waits, and this does nothing.
   */
  public addMachines(machines: readonly TerraformResource[]): void {
    if (this.references.size === 0) {
      throw new Error("declare the RayCluster with this backend first, then its machines");
    }
    this.wait?.addMachines(machines);
  }

  /** @internal */
  public override _open(scope: Construct, declaration: ClusterDeclaration): ClusterSite {
    return {
      place: this.place(declaration),
      problems: checkPlace(this.settings, declaration),
      build: (plan) => this.build(scope, plan),
    };
  }

  private place(declaration: ClusterDeclaration): Place {
    const { subnetCidr, headAddress, addresses, secretStore, bootTimeoutSeconds } = this.settings;
    const { cpusPerNode, objectStoreMiB, sharedMemoryMiB } = this.settings;
    return {
      backend: "cloud-init",
      subnetCidr,
      addresses: addresses === undefined ? {} : poolByPool(addresses, declaration),
      headAddress: addresses === undefined ? headAddress : undefined,
      networkMode: "host",
      emulated: false,
      cpusPerNode,
      objectStoreMiB,
      sharedMemoryMiB,
      startSpreadSeconds: bootTimeoutSeconds,
      secretKinds: ["host-file", ...(secretStore === undefined ? [] : (["managed"] as const))],
    };
  }

  private build(scope: Construct, plan: ClusterPlan): ClusterEndpoint {
    if (this.references.size > 0) {
      throw new Error(
        `the backend of '${plan.name}' is the place of another cluster already: make a second one`,
      );
    }
    const texts = machineTexts(plan, this.settings);
    refuseUnbootable(plan, texts, this.settings);
    addStackFile(scope, `${folderOf(plan)}/program.json`, programText(plan));
    const values = texts.map((text) => referenceTo(scope, plan, text));
    for (const [index, { nodes }] of texts.entries()) {
      const value = values[index];
      const reference = this.settings.programUrl === undefined ? Token.asString(Fn.sensitive(value)) : value;
      nodes.forEach((node) => this.references.set(node, reference));
    }
    const url = this.settings.readiness?.url ?? clusterEndpoint(plan);
    this.wait = this.waitFor(scope, plan, url, values);
    return {
      url: this.wait?.url ?? url,
      reviewUrl: Token.isUnresolved(url) ? clusterEndpoint(plan) : url,
      reviewMounts: [],
      reviewNewMachines: machinesReview(plan, texts, this.settings),
      reviewToken: "which exists, from where every machine asks for it at boot, in the machine's memory",
    };
  }

  private waitFor(
    scope: Construct,
    plan: ClusterPlan,
    url: string,
    texts: readonly string[],
  ): ClusterWait | undefined {
    const { readiness } = this.settings;
    return readiness === undefined
      ? undefined
      : new ClusterWait(scope, "ready", {
          plan,
          check: readiness,
          url,
          timeoutSeconds: waitSeconds(plan, this.settings),
          texts,
        });
  }
}

/** Addresses beyond the last node stay with the last pool, so that the plan says that there are too many (RC021). */
function poolByPool(addresses: readonly string[], { pools }: ClusterDeclaration): Place["addresses"] {
  let next = 0;
  return Object.fromEntries(
    pools.map(({ name, nodes }, index) => {
      const slice = addresses.slice(next, index === pools.length - 1 ? undefined : next + nodes);
      next += slice.length;
      return [name, slice];
    }),
  );
}

function folderOf(plan: ClusterPlan): string {
  return `cloud-init/${plan.name}`;
}

/**
 * A text as an attribute of a resource takes it. It lies beside the stack, unless it holds what is known only at apply:
 * then Terraform alone has it.
 */
function referenceTo(scope: Construct, plan: ClusterPlan, text: MachineText): string {
  if (Token.isUnresolved(text.text)) {
    const value = template(text.text, `user data of ${text.name}`);
    return new TerraformLocal(scope, `user-data-${text.name}`, value).asString;
  }
  const file = `${folderOf(plan)}/${text.name}.yaml`;
  addStackFile(scope, file, text.text);
  addStackFile(scope, `${folderOf(plan)}/${text.name}.meta-data.yaml`, metaData(plan, text));
  return Fn.file(file);
}
