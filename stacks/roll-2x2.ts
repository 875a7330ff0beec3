import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  ContainerImage,
  Fabric,
  HostPathStorage,
  HostsBackend,
  RayCluster,
  RollPipeline,
  RollProfile,
} from "../lib";

/**
 * A ROLL pipeline as a job over two machines with two V100 each, with the settings for their small memory.
 * The machines stand in `inventories/roll-2x2.yaml`. The published images hold neither ROLL nor what it
 * requires: build one from them that does, push it, and name it here.
 */
export class Roll2x2 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const cluster = new RayCluster(this, id, {
      backend: HostsBackend.fromContext(this),
      pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.V100_32GB, acceleratorsPerNode: 2 }],
      fabric: Fabric.TCP,
      image: ContainerImage.of("registry.example/roll:torch260-vllm084", { rayVersion: "2.48.0" }),
      storage: [HostPathStorage.perNode("/data/models")],
      engine: new RollPipeline({ profile: RollProfile.V100_MEMORY }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
