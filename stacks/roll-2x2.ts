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
 * The machines stand in `inventories/roll-2x2.yaml`. The published images hold neither ROLL nor what it requires, so each
 * machine builds one that does, from ROLL at a commit.
 */
export class Roll2x2 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const cluster = new RayCluster(this, id, {
      backend: HostsBackend.fromContext(this),
      pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.V100_32GB, acceleratorsPerNode: 2 }],
      fabric: Fabric.TCP,
      image: ContainerImage.withSource(
        ContainerImage.of(
          "roll-registry.cn-hangzhou.cr.aliyuncs.com/roll/pytorch:nvcr-24.05-py3-torch260-vllm084",
        ),
        {
          repository: "https://github.com/alibaba/ROLL",
          commit: "8eb27cc2dc34c4d1310b169d9b86d339004d811a",
          requirements: "requirements_torch260_vllm.txt",
          rayVersion: "2.48.0",
        },
      ),
      allowUnauthenticatedRay: "ROLL's requirements hold Ray 2.48",
      storage: [HostPathStorage.perNode("/data/models")],
      engine: new RollPipeline({ profile: RollProfile.V100_MEMORY }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
