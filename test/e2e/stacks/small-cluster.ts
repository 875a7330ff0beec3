import type { Container } from "@cdktf/provider-docker/lib/container";
import { type IResolvable, TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { emulationImageTag } from "../../../lib/docker/images/emulation-image";
import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  LocalBackend,
  type PythonPackagesOptions,
  RayCluster,
} from "../../../lib";

export interface SmallClusterProps {
  /** IPv4 CIDR, so that the tests' clusters can stand beside one another. */
  readonly subnetCidr: string;
  readonly apiPort: number;
  /** @default 2 */
  readonly acceleratorsPerNode?: number;
  /** @default - the one of the catalogue */
  readonly rayVersion?: string;
  /** @default - the image is the emulation's, as it is */
  readonly derived?: DerivedProps;
  readonly dockerHost?: string;
  /** @default false */
  readonly internodeTls?: boolean;
  /** @default - nothing is wrong with the cluster */
  readonly fault?: Fault;
}

/** An image that is built by the deployment. */
export interface DerivedProps extends PythonPackagesOptions {
  readonly base: string;
  /** @default - the base holds no Ray */
  readonly baseRayVersion?: string;
  readonly packages: readonly string[];
}

/** What is wrong with a node before it starts: the plan says one thing and the container is another. */
export type Fault = "six-accelerators" | "wrong-token" | "foreign-head-address" | "older-ray-on-worker";

/** Not a secret: it opens nothing. */
const WRONG_TOKEN = "0123456789abcdef".repeat(4);
const WRONG_TOKEN_PATH = "/etc/ray-cluster/wrong-token";
const OLDER_RAY = "2.47.1";

/**
 * Two emulated nodes with short deadlines. Few accelerators: a process for each starts with every engine, and what these
 * tests break has nothing to do with their number.
 */
export class SmallCluster extends TerraformStack {
  public constructor(scope: Construct, id: string, props: SmallClusterProps) {
    super(scope, id);
    const { subnetCidr, apiPort, dockerHost, internodeTls, acceleratorsPerNode = 2 } = props;
    // A head that does not come up says nothing, and the deployment waits for the sum of them.
    const seconds = props.fault === "foreign-head-address" ? 20 : 90;
    const cluster = new RayCluster(this, id, {
      backend: new LocalBackend({ subnetCidr, apiPort, dockerHost }),
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode }],
      fabric: Fabric.TCP,
      image: imageOf(props),
      allowUnauthenticatedRay: "older releases of Ray must run, too",
      internodeTls,
      engine: new EmulatedServe(),
      headTimeoutSeconds: seconds,
      membershipTimeoutSeconds: seconds,
      engineTimeoutSeconds: seconds,
      completionTimeoutSeconds: 30,
      stopTimeoutSeconds: 10,
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
    if (props.fault !== undefined) {
      FAULTS[props.fault](cluster);
    }
  }
}

function imageOf({ rayVersion, derived }: SmallClusterProps): ContainerImage {
  if (derived !== undefined) {
    const { base, baseRayVersion, packages, ...files } = derived;
    const published = ContainerImage.of(base, { rayVersion: baseRayVersion });
    return ContainerImage.withPythonPackages(published, packages, files);
  }
  return rayVersion === undefined
    ? LocalBackend.emulationImage()
    : ContainerImage.of(emulationImageTag(rayVersion), { rayVersion });
}

const FAULTS: { readonly [fault in Fault]: (cluster: RayCluster) => void } = {
  "six-accelerators": (cluster) => {
    const worker = containerOf(cluster, "npu-1");
    worker.putDevices(list(worker.devicesInput).slice(0, 6));
  },
  "wrong-token": (cluster) => {
    const worker = containerOf(cluster, "npu-1");
    const uploads = list(worker.uploadInput).map((upload) => {
      if (!upload.file.endsWith("/node.json") || upload.content === undefined) {
        return upload;
      }
      const config = JSON.parse(upload.content) as { paths: { token: string } };
      config.paths.token = WRONG_TOKEN_PATH;
      return { ...upload, content: JSON.stringify(config) };
    });
    worker.putUpload([...uploads, { file: WRONG_TOKEN_PATH, content: WRONG_TOKEN, permissions: "0600" }]);
  },
  "foreign-head-address": (cluster) => {
    const head = containerOf(cluster, "npu-0");
    const networks = list(head.networksAdvancedInput);
    const moved = networks.map((network) => ({
      ...network,
      ipv4Address: network.ipv4Address?.replace(/\.\d+$/, ".77"),
    }));
    head.putNetworksAdvanced(moved);
  },
  "older-ray-on-worker": (cluster) => {
    containerOf(cluster, "npu-1").image = emulationImageTag(OLDER_RAY);
  },
};

function containerOf(cluster: RayCluster, node: string): Container {
  return cluster.node.findChild(node) as Container;
}

function list<T>(input: T[] | IResolvable | undefined): T[] {
  if (!Array.isArray(input)) {
    throw new Error("the backend no longer gives a list here: the fault cannot be made");
  }
  return input;
}
