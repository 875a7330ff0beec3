import { gateContainer } from "../../../../lib/runtime/container-spec/gate-container";
import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import type { ContainerFile } from "../../../../lib/runtime/container-spec/container-spec";
import { containerSpec, withoutWorkload } from "../../../../lib/runtime/container-spec/make-container-spec";
import { nodeLife } from "../../../../lib/runtime/node-config/node-life";
import { workload, workloadText } from "../../../../lib/runtime/workload/make-workload";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, localPlace } from "../../../support/clusters";

const plan = planCluster(emulatedProps(), localPlace());

test("the readiness check runs `ray_node wait` for the plan's workload, with its deadline", () => {
  const { files, ...rest } = gateContainer(plan);
  expect(rest).toEqual({
    name: "local-2x8-gate",
    image: "ray-emulation:2.58.0",
    command: [
      ...["python3", "-m", "ray_node", "wait"],
      ...["--workload", "/etc/ray-cluster/workload.json", "--holder", "/etc/ray-cluster/deployer"],
    ],
    environment: { PYTHONUNBUFFERED: "1" },
    networkMode: "bridge",
    timeoutSeconds: 663,
  });
  expect(files.at(-1)).toEqual({
    path: "/etc/ray-cluster/workload.json",
    content: workloadText(workload(plan)),
  });
});

test("the readiness check has the node program and the head's node.json, but not the engine", () => {
  const [head] = plan.nodes;
  const { files } = withoutWorkload(containerSpec(plan, head), plan, head);
  expect(gateContainer(plan).files.slice(0, -1)).toEqual(
    files.filter((file) => !file.path.includes("emulated_")),
  );
});

describe("a container without the workload", () => {
  const spec = containerSpec(plan, plan.nodes[1]);
  const without = withoutWorkload(spec, plan, plan.nodes[1]);

  test("has node.json of the node's life, and everything else as before", () => {
    const isConfig = ({ path }: ContainerFile) => path === "/etc/ray-cluster/node.json";
    const config = JSON.parse(without.files.find(isConfig)?.content ?? "");
    expect(config).toEqual({ schema: 2, ...nodeLife(plan, plan.nodes[1]) });
    expect(config).not.toHaveProperty("engine");
    expect({ ...without, files: without.files.filter((file) => !isConfig(file)) }).toEqual({
      ...spec,
      files: spec.files.filter((file) => !isConfig(file)),
    });
  });

  test("is the same for another workload and another number of nodes", () => {
    const [pool] = emulatedProps().pools;
    const changed = planCluster(
      emulatedProps({
        pools: [{ ...pool, nodes: 3 }],
        engine: new EmulatedServe({ servedModel: "other" }),
        completionTimeoutSeconds: 61,
      }),
      localPlace({ addresses: { npu: ["10.89.28.10", "10.89.28.11", "10.89.28.12"] } }),
    );
    const files = withoutWorkload(containerSpec(changed, changed.nodes[1]), changed, changed.nodes[1]).files;
    expect(files).toEqual(without.files);
  });
});
