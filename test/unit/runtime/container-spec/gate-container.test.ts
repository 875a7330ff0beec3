import { gateContainer } from "../../../../lib/runtime/container-spec/gate-container";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, localPlace } from "../../../support/clusters";

const plan = planCluster(emulatedProps(), localPlace());

test("the readiness check runs `ray_node wait` with the deadline of the plan", () => {
  const { files, ...rest } = gateContainer(plan);
  expect(rest).toEqual({
    name: "local-2x8-gate",
    image: "ray-emulation:2.58.0",
    command: ["python3", "-m", "ray_node", "wait"],
    environment: { PYTHONPATH: "/opt/ray-cluster", PYTHONUNBUFFERED: "1" },
    networkMode: "bridge",
    timeoutSeconds: 663,
  });
  expect(files.at(-1)?.path).toBe("/etc/ray-cluster/node.json");
});

test("the readiness check has the node program and the head's node.json, but not the engine", () => {
  const head = containerSpec(plan, plan.nodes[0]).files;
  expect(gateContainer(plan).files).toEqual(head.filter((file) => !file.path.includes("emulated_")));
});
