import { VllmExecutor } from "../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { planCluster } from "../../../lib/topology/planner";
import { engine } from "../../support/engines";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../support/clusters";

describe("the plan of two nodes of eight emulated NPUs", () => {
  const plan = planCluster(emulatedProps(), localPlace());

  test("makes the first node of the first pool the head", () => {
    expect(plan.nodes).toEqual([
      { name: "npu-0", pool: "npu", index: 0, role: "head", address: "10.89.28.10", acceleratorCount: 8 },
      { name: "npu-1", pool: "npu", index: 1, role: "worker", address: "10.89.28.11", acceleratorCount: 8 },
    ]);
  });

  test("gives the pool what the membership is compared with", () => {
    expect(plan.pools).toEqual([
      {
        name: "npu",
        nodes: 2,
        accelerator: "emulated-npu",
        acceleratorsPerNode: 8,
        rayResource: "NPU",
        addresses: ["10.89.28.10", "10.89.28.11"],
      },
    ]);
  });

  test("uses token authentication and the default deadlines, without warnings", () => {
    expect(plan.ray).toEqual({
      version: "2.58.0",
      authentication: "token",
      cpusPerNode: 1,
      objectStoreMiB: 100,
    });
    expect(plan.deadlines).toEqual({
      headSeconds: 120,
      membershipSeconds: 180,
      holdSeconds: 3,
      stagingSeconds: 0,
      engineSeconds: 300,
      completionSeconds: 60,
      stopSeconds: 20,
      servingSeconds: 663,
    });
    expect(plan.retries).toEqual({ engineStarts: 3 });
    expect(plan.warnings).toEqual([]);
  });

  test("binds the engine to all sixteen accelerators", () => {
    expect(plan.engine.argv.slice(-2)).toEqual(["--ranks", "16"]);
  });

  test("is plain data and the same when planned again", () => {
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(JSON.stringify(planCluster(emulatedProps(), localPlace()))).toBe(JSON.stringify(plan));
  });
});

test("planCluster leaves addresses open that the place assigns at boot, and accepts a head without accelerators", () => {
  const props = machineProps({
    pools: [
      { name: "head", nodes: 1 },
      { name: "gpu", nodes: 2, accelerator: Accelerator.H100 },
    ],
  });
  const plan = planCluster(props, hostsPlace({ addresses: { head: ["10.20.0.1"] } }));
  expect(
    plan.nodes.map(({ name, role, address, acceleratorCount }) => [name, role, address, acceleratorCount]),
  ).toEqual([
    ["head-0", "head", "10.20.0.1", 0],
    ["gpu-0", "worker", undefined, 8],
    ["gpu-1", "worker", undefined, 8],
  ]);
  expect(plan.pools.map(({ accelerator, rayResource }) => [accelerator, rayResource])).toEqual([
    ["none", undefined],
    ["h100", "GPU"],
  ]);
  expect(plan.engine.argv.slice(-2)).toEqual(["--ranks", "16"]);
});

describe("the plan for a place that decides only the head's address", () => {
  const place = hostsPlace({ addresses: {}, headAddress: "10.20.0.10", startSpreadSeconds: 600 });
  const plan = planCluster(machineProps(), place);

  test("has the head's address and no other", () => {
    expect(plan.nodes.map(({ name, role, address }) => [name, role, address])).toEqual([
      ["gpu-0", "head", "10.20.0.10"],
      ["gpu-1", "worker", undefined],
      ["gpu-2", "worker", undefined],
      ["gpu-3", "worker", undefined],
    ]);
    expect(plan.pools[0].addresses).toBeUndefined();
  });

  test("passes the head's address to the engine", () => {
    const engine = new VllmServe({ modelPath: "/m", executor: VllmExecutor.MP, tensorParallelSize: 32 });
    const argv = planCluster(machineProps({ engine }), place).engine.argv;
    expect(argv[argv.indexOf("--master-addr") + 1]).toBe("10.20.0.10");
  });

  test("lengthens the deadlines for machines that boot later", () => {
    expect(plan.deadlines).toMatchObject({ headSeconds: 720, membershipSeconds: 780 });
    const stated = planCluster(machineProps({ headTimeoutSeconds: 60, membershipTimeoutSeconds: 90 }), place);
    expect(stated.deadlines).toMatchObject({ headSeconds: 60, membershipSeconds: 90 });
  });
});

test("planCluster uses the accelerators of the usual board where no number is given", () => {
  const pools = [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU }];
  expect(planCluster(emulatedProps({ pools }), localPlace()).pools[0].acceleratorsPerNode).toBe(8);
});

test("planCluster separates the digest from the reference, and leaves it undefined for a tag", () => {
  expect(planCluster(machineProps(), hostsPlace()).image).toMatchObject({
    reference: `registry.example/vllm@sha256:${"0123456789abcdef".repeat(4)}`,
    digest: `sha256:${"0123456789abcdef".repeat(4)}`,
    pythonVersion: "3.12.7",
  });
  expect(planCluster(emulatedProps(), localPlace()).image.digest).toBeUndefined();
});

test.each([
  ["2.51.2", "none"],
  ["2.52.0", "token"],
  ["2.61.0", "token"],
])("planCluster gives Ray %s the authentication '%s'", (rayVersion, authentication) => {
  const image = ContainerImage.of("a:1", { rayVersion });
  expect(planCluster(emulatedProps({ image }), localPlace()).ray.authentication).toBe(authentication);
});

test("planCluster accepts a Ray version equal to the engine's bounds", () => {
  const bounded = engine({ rayVersions: { minimum: "2.58.0", maximum: "2.58.0" } });
  expect(planCluster(emulatedProps({ engine: bounded }), localPlace()).ray.version).toBe("2.58.0");
});

test("planCluster accepts arguments that name a file with a secret", () => {
  const argv = ["serve", "--api-key-file", "/run/key", "--token-budget=1"];
  expect(planCluster(emulatedProps({ engine: engine({ argv }) }), localPlace()).engine.argv).toEqual(argv);
});

test("planCluster accepts a floating tag with allowFloatingTag", () => {
  const image = ContainerImage.of("vllm:latest", { rayVersion: "2.58.0", allowFloatingTag: true });
  expect(planCluster(emulatedProps({ image }), localPlace()).image.reference).toBe("vllm:latest");
});

test("planCluster keeps given deadlines and adds them up", () => {
  const plan = planCluster(
    emulatedProps({
      headTimeoutSeconds: 10,
      membershipTimeoutSeconds: 20,
      membershipHoldSeconds: 1,
      engineTimeoutSeconds: 30,
      completionTimeoutSeconds: 5,
      stopTimeoutSeconds: 7,
      engineStartAttempts: 2,
    }),
    localPlace(),
  );
  expect(plan.deadlines).toMatchObject({ servingSeconds: 66, stopSeconds: 7 });
  expect(plan.retries.engineStarts).toBe(2);
});
