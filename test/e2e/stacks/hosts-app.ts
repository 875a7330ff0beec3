import { Container } from "@cdktf/provider-docker/lib/container";
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  HostPathStorage,
  HostsBackend,
  ModelSource,
  type RankTableKind,
  RayCluster,
} from "../../../lib";

/** What a test says of the one stack. */
export interface HostsAppProps {
  readonly name: string;
  readonly image: string;
  readonly rayVersion: string;
  /** Whether the machines may raise limits; else the containers ask for none. */
  readonly withUlimits: boolean;
  /** @default - what the engine's version reads */
  readonly rankTable?: RankTableKind;
  /** @default 2 */
  readonly nodes?: number;
  /** @default 8 */
  readonly acceleratorsPerNode?: number;
  /**
   * Many nodes on few cores start slowly: how much longer than those of two nodes the deadlines are.
   *
   * @default 1
   */
  readonly patience?: number;
  /**
   * A model in place below `/models`, which is the share `/mnt/models` of the machines.
   *
   * @default - the engine has none
   */
  readonly modelPath?: string;
}

/** Ascend servers of an inventory that `cdktf.json` names, with short deadlines. */
const props = JSON.parse(process.env.E2E_HOSTS ?? "") as HostsAppProps;
const { name, image, rayVersion, withUlimits, rankTable, nodes = 2, patience = 1 } = props;
const { acceleratorsPerNode = 8, modelPath } = props;

const app = new App();
const stack = new TerraformStack(app, name);
const cluster = new RayCluster(stack, name, {
  backend: HostsBackend.fromContext(stack, { cpusPerNode: 1, objectStoreMiB: 100, sharedMemoryMiB: 256 }),
  pools: [{ name: "npu", nodes, accelerator: Accelerator.ASCEND_910B_64GB, acceleratorsPerNode }],
  fabric: Fabric.ROCE,
  image: ContainerImage.of(image, { rayVersion }),
  engine: new EmulatedServe(),
  ...(modelPath === undefined
    ? {}
    : {
        storage: [HostPathStorage.shared("/mnt/models", { mountPath: "/models" })],
        model: ModelSource.path(modelPath),
      }),
  rankTable,
  headTimeoutSeconds: 60 * patience,
  membershipTimeoutSeconds: 90 * patience,
  engineTimeoutSeconds: 120 * patience,
  completionTimeoutSeconds: 30,
  stopTimeoutSeconds: 10,
});
new TerraformOutput(stack, "endpoint", { value: cluster.endpoint });
if (!withUlimits) {
  for (const construct of cluster.node.findAll()) {
    if (construct instanceof Container) {
      construct.resetUlimit();
    }
  }
}
app.synth();
