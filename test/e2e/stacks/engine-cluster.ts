import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  ContainerImage,
  CustomServe,
  Fabric,
  type IEngine,
  type ImageSourceProps,
  LmdeployServe,
  LocalBackend,
  type PythonPackagesOptions,
  RayCluster,
  RayOnly,
  RollPipeline,
  SecretRef,
  VllmExecutor,
  VllmServe,
} from "../../../lib";
import { standInImageTag } from "../support/stand-in-image";

export interface EngineClusterProps {
  /** IPv4 CIDR, so that the tests' clusters can stand beside one another. */
  readonly subnetCidr: string;
  readonly apiPort: number;
  readonly engine: EngineName;
  readonly rayVersion: string;
  /** How the stand-in behaves and which version it is: `STAND_IN_…`. */
  readonly standIn?: { readonly [name: string]: string };
  /** @default 2 */
  readonly nodes?: number;
  /** vLLM over Ray: longest sequence, in tokens. @default 4096 */
  readonly maxModelLen?: number;
  /** ROLL: steps of the pipeline. @default 24, which take 12 s: longer than a job must live to be called running */
  readonly maxSteps?: number;
  /** @default - the image with the stand-ins, as it is */
  readonly source?: ImageSourceProps & { readonly base: string };
  /** @default - the image with the stand-ins, as it is */
  readonly added?: PythonPackagesOptions & { readonly base: string; readonly packages: readonly string[] };
  /** Folder of this machine with the files of the API's protection. */
  readonly secrets?: string;
}

export type EngineName = "vllm-ray" | "vllm-mp" | "lmdeploy" | "roll" | "ray" | "haproxy";

export const MODEL = "/models/stand-in";

/** The port of `LocalBackend`'s API is the engine's; each has the port that it has by itself. */
const ENGINES: { readonly [name in EngineName]: (props: EngineClusterProps) => IEngine } = {
  "vllm-ray": ({ maxModelLen = 4096 }) =>
    new VllmServe({ modelPath: MODEL, maxModelLen, extraArguments: ["--seed", "7"] }),
  "vllm-mp": () => new VllmServe({ modelPath: MODEL, executor: VllmExecutor.MP, tensorParallelSize: 4 }),
  lmdeploy: () => new LmdeployServe({ modelPath: MODEL }),
  roll: ({ maxSteps = 24 }) => new RollPipeline({ modelPath: MODEL, overrides: { max_steps: maxSteps } }),
  ray: () => new RayOnly(),
  haproxy: ({ secrets = "" }) => behindHaproxy((name) => SecretRef.hostFile(`${secrets}/${name}`)),
};

/** A server without keys and TLS, which only its own node reaches. */
function behindHaproxy(secret: (name: string) => SecretRef): CustomServe {
  return new CustomServe({
    argv: [
      ...["vllm", "serve", MODEL, "--served-model-name", "stand-in", "--host", "127.0.0.1", "--port", "8001"],
      ...["--tensor-parallel-size", "4", "--distributed-executor-backend", "ray"],
    ],
    servedModel: "stand-in",
    apiKeys: secret("api-keys"),
    tls: { certificate: secret("certificate.pem"), key: secret("key.pem") },
    reverseProxy: { serverPort: 8001 },
  });
}

/** LMDeploy's variables of HCCL are the ones that must stay on their node. */
const ACCELERATORS: { readonly [name in EngineName]: Accelerator } = {
  "vllm-ray": Accelerator.EMULATED_GPU,
  "vllm-mp": Accelerator.EMULATED_GPU,
  lmdeploy: Accelerator.EMULATED_NPU,
  roll: Accelerator.EMULATED_GPU,
  ray: Accelerator.EMULATED_NPU,
  haproxy: Accelerator.EMULATED_GPU,
};

/** The image of the cluster's nodes. */
export function imageOf({ rayVersion, source, added }: EngineClusterProps): ContainerImage {
  if (added !== undefined) {
    const { base, packages, ...files } = added;
    return ContainerImage.withPythonPackages(ContainerImage.of(base, { rayVersion }), packages, files);
  }
  if (source === undefined) {
    return ContainerImage.of(standInImageTag(rayVersion), { rayVersion });
  }
  const { base, ...from } = source;
  return ContainerImage.withSource(ContainerImage.of(base), from);
}

/** Nodes of two emulated accelerators with an engine's stand-in and short deadlines. */
export class EngineCluster extends TerraformStack {
  public constructor(scope: Construct, id: string, props: EngineClusterProps) {
    super(scope, id);
    const { subnetCidr, apiPort, engine, standIn, nodes = 2 } = props;
    const cluster = new RayCluster(this, id, {
      backend: new LocalBackend({ subnetCidr, apiPort }),
      pools: [{ name: "node", nodes, accelerator: ACCELERATORS[engine], acceleratorsPerNode: 2 }],
      fabric: Fabric.TCP,
      image: imageOf(props),
      allowUnauthenticatedRay: "older releases of Ray must run, too",
      engine: ENGINES[engine](props),
      driverEnvironment: standIn,
      // vLLM up to 0.20 hands every VLLM_ variable of the head to its workers.
      addressVariables: engine === "vllm-ray" ? ["VLLM_NIXL_SIDE_CHANNEL_HOST"] : [],
      engineStartAttempts: 2,
      headTimeoutSeconds: 90,
      membershipTimeoutSeconds: 90,
      engineTimeoutSeconds: 30,
      completionTimeoutSeconds: 15,
      stopTimeoutSeconds: 10,
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
