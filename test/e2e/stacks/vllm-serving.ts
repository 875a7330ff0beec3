import { readFileSync } from "node:fs";
import { App, TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  Fabric,
  HostPathStorage,
  LocalBackend,
  RayCluster,
  SecretRef,
  VllmExecutor,
  VllmRunner,
  VllmServe,
  type VllmServeProps,
} from "../../../lib";
import { vllmCpuImage } from "../../../tools/images/vllm-cpu-image";

/** What is served; each has another kind of API. */
export type Served = "thinking" | "base" | "embedding";

export interface VllmServingProps {
  readonly subnetCidr: string;
  readonly apiPort: number;
  readonly served: Served;
  /** Folder of this machine with a model of each name. */
  readonly models: string;
  /** Folder of this machine with the files of the API's protection. */
  readonly secrets: string;
}

/** Nothing but what differs is declared: how each is proven follows from it. */
const ENGINES: {
  readonly [served in Served]: (secret: (name: string) => SecretRef) => Partial<VllmServeProps>;
} = {
  thinking: (secret) => ({
    extraArguments: ["--reasoning-parser", "deepseek_r1"],
    apiKeys: secret("api-keys"),
    tls: { certificate: secret("certificate.pem"), key: secret("key.pem") },
  }),
  base: () => ({}),
  embedding: () => ({ runner: VllmRunner.POOLING }),
};

/** Real vLLM on one node, by nothing but the public API. */
class VllmServing extends TerraformStack {
  public constructor(scope: Construct, id: string, props: VllmServingProps) {
    super(scope, id);
    const { subnetCidr, apiPort, served, models, secrets } = props;
    const secret = (name: string) => SecretRef.hostFile(`${secrets}/${name}`);
    const cluster = new RayCluster(this, id, {
      backend: new LocalBackend({ subnetCidr, apiPort, sharedMemoryMiB: 1024 }),
      pools: [{ name: "gpu", nodes: 1, accelerator: Accelerator.EMULATED_GPU, acceleratorsPerNode: 1 }],
      fabric: Fabric.TCP,
      image: vllmCpuImage(),
      storage: [HostPathStorage.shared(models, { mountPath: "/served" })],
      engine: new VllmServe({
        modelPath: `/served/${served}`,
        executor: VllmExecutor.MP,
        maxModelLen: 256,
        ...ENGINES[served](secret),
      }),
      engineStartAttempts: 1,
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}

/** Name and properties of the one stack, as the test writes them into the project's folder before each deploy. */
const { name, ...props } = JSON.parse(readFileSync("cluster.json", "utf8")) as VllmServingProps & {
  name: string;
};

const app = new App();
new VllmServing(app, name, props);
app.synth();
