import { RayOnly } from "../../../../lib/engines/ray-only";
import { clusterEndpoint } from "../../../../lib/topology/plan/endpoint";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, localPlace } from "../../../support/clusters";

describe("the endpoint of a cluster", () => {
  it("is the engine's API on the head", () => {
    const plan = planCluster(emulatedProps(), localPlace());
    expect(clusterEndpoint(plan)).toBe(`http://10.89.28.10:${plan.engine.api?.port}`);
  });

  it("is Ray's own address where the engine has no API", () => {
    expect(clusterEndpoint(planCluster(emulatedProps({ engine: new RayOnly() }), localPlace()))).toBe(
      "10.89.28.10:6379",
    );
  });
});
