import { RayOnly } from "../../../lib/engines/ray-only";
import { engineKind } from "../../../lib/topology/engine-spec";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { contextOf } from "./support/systems";

test("RayOnly runs nothing: no command, no API, no environment", () => {
  const spec = new RayOnly().bind(contextOf({ accelerator: Accelerator.H100, nodes: 2, perNode: 8 }));
  expect(spec).toEqual({ name: "ray", argv: [], environment: {}, files: [], ports: [], rayVersions: {} });
  expect(engineKind(spec)).toBe("none");
});
