import type { Volume } from "@cdktf/provider-docker/lib/volume";
import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  EmulatedServe,
  Fabric,
  HostPathStorage,
  LocalBackend,
  ModelSource,
  RayCluster,
  SecretRef,
} from "../../../lib";

export interface ModelClusterProps {
  /** IPv4 CIDR, so that the tests' clusters can stand beside one another. */
  readonly subnetCidr: string;
  readonly apiPort: number;
  readonly nodes: number;
  readonly endpoint: string;
  readonly repository: string;
  readonly revision: string;
  /** File with the hub's token. @default - no token is given */
  readonly tokenFile?: string;
  /** Folder that all nodes see. @default - each node has a disk of its own */
  readonly sharedFolder?: string;
  /** The disk of the last node is as small as that. @default - as large as the machine's */
  readonly smallDiskMiB?: number;
}

/** Nodes of two emulated NPUs with a model of a hub and short deadlines. */
export class ModelCluster extends TerraformStack {
  public constructor(scope: Construct, id: string, props: ModelClusterProps) {
    super(scope, id);
    const { subnetCidr, apiPort, nodes, endpoint, repository, revision, tokenFile, sharedFolder } = props;
    const cluster = new RayCluster(this, id, {
      backend: new LocalBackend({ subnetCidr, apiPort }),
      pools: [{ name: "npu", nodes, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2 }],
      fabric: Fabric.TCP,
      image: LocalBackend.emulationImage(),
      engine: new EmulatedServe(),
      model: ModelSource.huggingFace(repository, {
        revision,
        endpoint,
        token: tokenFile === undefined ? undefined : SecretRef.hostFile(tokenFile),
      }),
      storage: sharedFolder === undefined ? undefined : [HostPathStorage.shared(sharedFolder)],
      stagingTimeoutSeconds: 90,
      headTimeoutSeconds: 90,
      membershipTimeoutSeconds: 90,
      engineTimeoutSeconds: 90,
      completionTimeoutSeconds: 30,
      stopTimeoutSeconds: 10,
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
    if (props.smallDiskMiB !== undefined) {
      const volume = cluster.node.findChild(`npu-${nodes - 1}-models`) as Volume;
      volume.driver = "local";
      volume.driverOpts = { type: "tmpfs", device: "tmpfs", o: `size=${props.smallDiskMiB}m` };
    }
  }
}
