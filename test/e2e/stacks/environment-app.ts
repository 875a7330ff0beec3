import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import {
  Accelerator,
  type EngineContext,
  type EngineSpec,
  Fabric,
  type IEngine,
  LocalBackend,
  RayCluster,
} from "../../../lib";

const PROGRAM = "/opt/ray-cluster/environment_engine.py";

/** Answers with the environment of a Ray task on every node. Every scope of variables has one of its own. */
class EnvironmentEngine implements IEngine {
  public readonly engineName = "environment";

  public bind({ acceleratorNodes }: EngineContext): EngineSpec {
    return {
      name: this.engineName,
      argv: ["python3", PROGRAM, "--port", "8000"],
      api: {
        port: 8000,
        healthPath: "/health",
        servedModel: "environment",
        proof: [{ kind: "chat", path: "/v1/chat/completions", body: { model: "environment", messages: [] } }],
      },
      environment: { E2E_OF_ENGINE: "engine" },
      clusterEnvironment: { E2E_OF_ENGINE_EVERYWHERE: "everywhere" },
      nodeEnvironment: Array.from({ length: acceleratorNodes }, (_, rank) => ({ E2E_RANK: `${rank}` })),
      // The engine's process must not have it; its workers have each node's own.
      withheld: ["HCCL_IF_IP"],
      files: [{ path: PROGRAM, source: join(__dirname, "../environment/environment_engine.py") }],
      ports: [],
      rayVersions: {},
    };
  }
}

const name = process.env.E2E_CLUSTER ?? "";
const app = new App();
const stack = new TerraformStack(app, name);
new RayCluster(stack, name, {
  backend: new LocalBackend({ subnetCidr: "10.89.113.0/24", apiPort: 8113 }),
  pools: [{ name: "npu", nodes: 3, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2 }],
  fabric: Fabric.TCP,
  image: LocalBackend.emulationImage(),
  engine: new EnvironmentEngine(),
  environment: { E2E_OF_CLUSTER: "cluster" },
  driverEnvironment: { E2E_OF_DRIVER: "driver" },
  addressVariables: ["E2E_ADDRESS"],
  interfaceVariables: ["E2E_INTERFACE"],
});
app.synth();
