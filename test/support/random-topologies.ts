import * as fc from "fast-check";
import { Accelerator } from "../../lib/topology/declaration/accelerator";
import { localAddresses } from "../../lib/topology/plan/addressing";
import type { ClusterPlan } from "../../lib/topology/plan/plan";
import type { Problem } from "../../lib/problems/problem";
import { judgeCluster } from "../../lib/topology/planner";
import { emulatedProps, localPlace } from "./clusters";
import { engine } from "./engines";

const port = fc.integer({ min: 1024, max: 65535 });
/** Declarations of every shape, of which some cannot be planned. */
export const randomTopologies = fc.record({
  accelerator: fc.constantFrom(Accelerator.EMULATED_GPU, Accelerator.EMULATED_NPU),
  poolSizes: fc.array(
    fc.record({ nodes: fc.integer({ min: 1, max: 20 }), accelerators: fc.integer({ min: 1, max: 16 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  enginePort: port,
  extraPort: fc.option(fc.tuple(port, fc.integer({ min: 0, max: 2000 })), { nil: undefined }),
  gcs: fc.option(port, { nil: undefined }),
  workersFrom: fc.option(port, { nil: undefined }),
  basePort: fc.option(fc.integer({ min: 1024, max: 65520 }), { nil: undefined }),
  mooncake: fc.boolean(),
});

/** The plan of such a declaration, or why there is none. */
export function planOrProblems(
  shape: typeof randomTopologies extends fc.Arbitrary<infer T> ? T : never,
): ClusterPlan | readonly Problem[] {
  const pools = shape.poolSizes.map(({ nodes, accelerators }, index) => ({
    name: `p${index}`,
    nodes,
    accelerator: shape.accelerator,
    acceleratorsPerNode: accelerators,
  }));
  const [from, size] = shape.extraPort ?? [0, 0];
  const props = emulatedProps({
    pools,
    engine: engine({
      argv: shape.mooncake ? ["serve", "MooncakeConnector"] : ["serve"],
      port: shape.enginePort,
      ports: shape.extraPort
        ? [{ name: "extra", from, to: Math.min(from + size, 65535), where: "node" }]
        : [],
    }),
    ports: { gcs: shape.gcs, workersFrom: shape.workersFrom },
    environment:
      shape.basePort && shape.accelerator.id === "emulated-npu"
        ? { HCCL_IF_BASE_PORT: `${shape.basePort}` }
        : {},
  });
  const { plan, problems } = judgeCluster(
    props,
    localPlace({ addresses: localAddresses("10.89.28.0/24", pools) }),
  );
  return plan ?? problems.filter(({ level }) => level === "error");
}
