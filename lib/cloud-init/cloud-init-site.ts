import { Fn, TerraformLocal, type TerraformResource, Token } from "cdktf";
import type { Construct } from "constructs";
import { lateProblems } from "../problems/late-values";
import type { Problem } from "../problems/problem";
import { judge } from "../problems/rule";
import { sha256 } from "../runtime/content-hash";
import { checkAtSynth, reportProblems, throwProblems } from "../terraform/app-problems";
import type { ClusterDeclaration, ClusterEndpoint, IClusterSite } from "../terraform/cluster-backend";
import { addStackFile } from "../terraform/stack-files";
import { template } from "../terraform/template";
import { clusterEndpoint } from "../topology/plan/endpoint";
import type { Place } from "../topology/plan/place";
import type { ClusterPlan } from "../topology/plan/plan";
import { inPoolOrder } from "../topology/plan/pool-order";
import { MACHINES } from "./machine-rules";
import { ClusterWait } from "./cluster-wait";
import { type MachineText, machineTexts, metaData, programText } from "./machine-text";
import { machinesReview } from "./machines-review";
import { cloudInitPlaceFacts } from "./place-facts";
import { MACHINES_OF_CHECK, READINESS } from "./readiness-rules";
import type { CloudInitSettings } from "./settings";
import { SECRET_SOURCES } from "./source-rules";
import { TextRecord } from "./text-record";
import { USER_DATA } from "./user-data-rules";

interface Built {
  /** References to what each node's machine boots with. */
  readonly userData: ReadonlyMap<string, string>;
  /** SHA-256 of all texts, so that whoever compares two stacks sees that one has changed. */
  readonly hashes: readonly string[];
  readonly wait?: ClusterWait;
}

/**
 * The machines of one cluster with a `CloudInitBackend`, which resources of the user's own make.
 *
 * @example
 * const cluster = new RayCluster(this, "llama", {
 *   backend: new CloudInitBackend({
 *     subnetCidr: "10.0.0.0/24",
 *     headAddress: "10.0.0.10",
 *     rayToken: SecretSource.file("/etc/ray-cluster/token"),
 *   }),
 *   pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.H100, acceleratorsPerNode: 8 }],
 *   fabric: Fabric.ROCE,
 *   image: ContainerImage.of("registry.example/vllm:1.2.3", { rayVersion: "2.54.1" }),
 *   engine: new RayOnly(),
 * });
 * const userData = cluster.plan.nodes.map(({ name }) => CloudInitSite.of(cluster.site).userData(name));
 */
export class CloudInitSite implements IClusterSite {
  /**
   * The site of a cluster, as what it is.
   *
   * @param site of a cluster with a `CloudInitBackend`: `cluster.site`
   */
  public static of(site: IClusterSite): CloudInitSite {
    if (!(site instanceof CloudInitSite)) {
      throw new Error(`the cluster must have a CloudInitBackend, but its backend is '${site.place.backend}'`);
    }
    return site;
  }

  public readonly place: Place;
  public readonly problems: readonly Problem[];
  private built?: Built;
  private record?: TextRecord;

  /** @internal */
  public static _open(
    scope: Construct,
    declaration: ClusterDeclaration,
    settings: CloudInitSettings,
  ): CloudInitSite {
    return new CloudInitSite(scope, declaration, settings);
  }

  private constructor(
    private readonly scope: Construct,
    declaration: ClusterDeclaration,
    private readonly settings: CloudInitSettings,
  ) {
    this.place = placeOf(settings, declaration);
    this.problems = [
      ...lateProblems(settings, "backend"),
      ...judge(MACHINES, settings, declaration),
      ...judge(SECRET_SOURCES, settings, undefined),
      ...judge(READINESS, settings, declaration),
    ];
  }

  /**
   * What the machine of a node boots with, for the resource that makes it. Nodes that get their addresses at boot share
   * the text of their pool. Marked as sensitive where it contains the node program, so that no plan prints it.
   *
   * @param node name of the node, e.g. `gpu-0`: `cluster.plan.nodes` has them all, the head first
   */
  public userData(node: string): string {
    const { userData } = this.requireBuilt();
    const reference = userData.get(node);
    if (reference === undefined) {
      throw new Error(`no node '${node}': the nodes are ${[...userData.keys()].join(", ")}`);
    }
    return reference;
  }

  /**
   * The resources that are the machines: they are replaced when a text changes, whatever their provider makes of that. The
   * readiness check begins when they are made, and again when one of them is replaced.
   *
   * @param machines may be empty, where this stack makes none
   */
  public addMachines(machines: readonly TerraformResource[]): void {
    const { hashes, wait } = this.requireBuilt();
    wait?.addMachines(machines);
    if (machines.length > 0) {
      this.record ??= new TextRecord(this.scope, "texts", hashes);
      this.record.replaces(machines);
    }
  }

  public create(plan: ClusterPlan): ClusterEndpoint {
    const { scope, settings } = this;
    const texts = machineTexts(plan, settings);
    const problems = judge(USER_DATA, { texts, settings }, undefined);
    reportProblems(scope, problems);
    addStackFile(scope, `${folderOf(plan)}/program.json`, programText(plan));
    const values = texts.map((text) => referenceTo(scope, plan, text));
    const shown = (value: string) =>
      settings.programUrl === undefined ? Token.asString(Fn.sensitive(value)) : value;
    const userData = texts.flatMap(({ nodes }, index) =>
      nodes.map((node) => [node, shown(values[index])] as const),
    );
    const hashes = texts.map(({ text }, index) => hashOf(text, values[index]));
    const wait = this.waitFor(plan, hashes);
    this.built = { userData: new Map(userData), hashes, wait };
    return {
      url: wait?.url ?? clusterEndpoint(plan),
      reviewUrl: clusterEndpoint(plan),
      reviewMounts: [],
      reviewFacts: cloudInitPlaceFacts(plan, settings),
      reviewNewMachines: machinesReview(plan, texts, settings, problems),
      reviewToken: "which exists, from where every machine asks for it at boot, in the machine's memory",
    };
  }

  private waitFor(plan: ClusterPlan, hashes: readonly string[]): ClusterWait | undefined {
    const { readiness, bootTimeoutSeconds } = this.settings;
    if (readiness === undefined) {
      return undefined;
    }
    const wait = new ClusterWait(this.scope, "ready", { plan, check: readiness, bootTimeoutSeconds, hashes });
    checkAtSynth(this.scope, () => judge(MACHINES_OF_CHECK, wait.knowsMachines, undefined));
    return wait;
  }

  private requireBuilt(): Built {
    if (this.built === undefined) {
      throwProblems(this.scope);
      throw new Error(`the machines of '${this.scope.node.path}' are not planned yet`);
    }
    return this.built;
  }
}

function placeOf(settings: CloudInitSettings, { pools }: ClusterDeclaration): Place {
  const { subnetCidr, headAddress, addresses, secretStore, bootTimeoutSeconds } = settings;
  const { cpusPerNode, objectStoreMiB, sharedMemoryMiB } = settings;
  return {
    backend: "cloud-init",
    subnetCidr,
    addresses: addresses === undefined ? {} : inPoolOrder(addresses, pools),
    headAddress: addresses === undefined ? headAddress : undefined,
    networkMode: "host",
    closedBy: settings.packetFilter.closedBy,
    clientCidrs: settings.packetFilter.clientCidrs,
    emulated: false,
    cpusPerNode,
    objectStoreMiB,
    sharedMemoryMiB,
    startSpreadSeconds: bootTimeoutSeconds,
    secretKinds: ["host-file", ...(secretStore === undefined ? [] : (["managed"] as const))],
  };
}

function folderOf(plan: ClusterPlan): string {
  return `cloud-init/${plan.name}`;
}

/** Of a text, or of the reference to it where Terraform completes it: the same for both. */
function hashOf(text: string, reference: string): string {
  return Token.isUnresolved(text) ? Fn.sha256(reference) : sha256(text);
}

/**
 * A reference to a text for an attribute of a resource. The text is a file beside the stack, unless it contains values that
 * are known only at apply: then it is a local of Terraform.
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
