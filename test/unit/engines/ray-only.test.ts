import { RayOnly } from "../../../lib/engines/ray-only";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { contextOf } from "./support/systems";

test("nothing runs: no command, no port, no environment", () => {
  expect(
    new RayOnly().bind(contextOf({ accelerator: Accelerator.H100, nodes: 2, perNode: 8 })),
  ).toMatchObject({
    name: "ray",
    kind: "none",
    argv: [],
    port: 0,
    environment: {},
    files: [],
    ports: [],
    rayVersions: {},
  });
});
