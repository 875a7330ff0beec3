import { readdirSync } from "node:fs";
import * as path from "node:path";
import { ownDevices } from "../../../../lib/runtime/container-spec/devices";
import {
  containerSpec,
  sourceSecretMounts,
} from "../../../../lib/runtime/container-spec/make-container-spec";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import type { ClusterPlan } from "../../../../lib/topology/plan/plan";
import { planCluster } from "../../../../lib/topology/planner";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const specOf = (plan: ClusterPlan, index = 0) => containerSpec(plan, plan.nodes[index]);
const devicesOf = (plan: ClusterPlan, index = 0) =>
  specOf(plan, index).devices.map(({ hostPath, containerPath }) => `${hostPath}:${containerPath}`);
const same = (...names: readonly string[]) => names.map((name) => `${name}:${name}`);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

const local = planCluster(emulatedProps(), localPlace());
const machines = planCluster(machineProps(), hostsPlace());

function onHosts(accelerator: Accelerator, fabric: Fabric, acceleratorsPerNode?: number): ClusterPlan {
  const pools = [{ name: "gpu", nodes: 1, accelerator, acceleratorsPerNode }];
  return planCluster(machineProps({ pools, fabric }), hostsPlace({ addresses: { gpu: ["10.20.0.1"] } }));
}

test("an emulated node has no devices or mounts", () => {
  const { config, files, devices, ...rest } = specOf(local);
  expect(config.node.name).toBe("npu-0");
  expect(rest).toEqual({
    name: "npu-0",
    image: "ray-emulation:2.58.0",
    command: ["python3", "-m", "ray_node", "start"],
    environment: {
      PYTHONUNBUFFERED: "1",
      RAY_ADDRESS: "10.89.28.10:6379",
      RAY_AUTH_MODE: "token",
      RAY_AUTH_TOKEN_PATH: "/var/lib/ray-cluster/secrets/ray-token",
    },
    mounts: [],
    capabilities: [],
    ulimits: [],
    sharedMemoryMiB: 420,
    networkMode: "bridge",
    runtime: undefined,
    healthcheck: {
      test: ["python3", "-m", "ray_node", "status"],
      intervalSeconds: 15,
      timeoutSeconds: 10,
      retries: 3,
      startPeriodSeconds: 86_400,
    },
    stopSeconds: 25,
  });
  expect(devices).toEqual(
    range(8).map((n) => ({ hostPath: "/dev/null", containerPath: `/dev/davinci${n}` })),
  );
  expect(files.length).toBeGreaterThan(4);
});

test("a container has the node program, the engine and node.json", () => {
  const program = readdirSync(path.join(__dirname, "../../../../lib/runtime/ray_node"), {
    recursive: true,
    encoding: "utf8",
  }).filter((name) => name.endsWith(".py"));
  const { files } = specOf(local, 1);
  expect(files.map((file) => file.path)).toEqual([
    ...program.sort().map((name) => `/opt/ray-cluster/ray_node/${name}`),
    ...["emulated_serve.py", "emulated_api.py", "emulated_ranks.py"].map(
      (name) => `/opt/ray-cluster/${name}`,
    ),
    "/etc/ray-cluster/node.json",
  ]);
  const config = JSON.parse(files.at(-1)?.content ?? "") as { node: { name: string } };
  expect(config.node.name).toBe("npu-1");
  expect(files[0].content).toMatch(/\S/);
});

test("programs in the container of every node reach Ray at the head", () => {
  const ofNodes = (plan: ClusterPlan) =>
    plan.nodes.map((node) =>
      Object.fromEntries(
        Object.entries(containerSpec(plan, node).environment).filter(([name]) => name.startsWith("RAY_")),
      ),
    );
  const withToken = {
    RAY_ADDRESS: "10.20.0.1:7379",
    RAY_AUTH_MODE: "token",
    RAY_AUTH_TOKEN_PATH: "/var/lib/ray-cluster/secrets/ray-token",
  };
  const place = hostsPlace();
  const moved = planCluster(machineProps({ ports: { gcs: 7379 } }), place);
  expect(ofNodes(moved)).toEqual(moved.nodes.map(() => withToken));
  const image = ContainerImage.of("registry.internal/vllm:1", { rayVersion: "2.48.0" });
  const older = planCluster(machineProps({ image, ports: { gcs: 7379 } }), place);
  expect(ofNodes(older)).toEqual(
    older.nodes.map(() => ({ RAY_ADDRESS: "10.20.0.1:7379", RAY_AUTH_MODE: "disabled" })),
  );
});

test("programs in the container find the node's certificate where the nodes speak TLS", () => {
  const secured = planCluster(emulatedProps({ internodeTls: true }), localPlace());
  const { environment } = specOf(secured);
  expect(Object.entries(environment).filter(([name]) => name.includes("TLS"))).toEqual([
    ["RAY_USE_TLS", "1"],
    ["RAY_TLS_CA_CERT", "/run/ray-cluster/tls/authority.crt"],
    ["RAY_TLS_SERVER_CERT", "/run/ray-cluster/tls/node.crt"],
    ["RAY_TLS_SERVER_KEY", "/run/ray-cluster/tls/node.key"],
  ]);
  // Whoever deploys sees no other mount, and no file with a key.
  expect(specOf(secured).mounts).toEqual(specOf(local).mounts);
  expect(specOf(secured).files.map(({ path: name }) => name)).toEqual(
    specOf(local).files.map(({ path: name }) => name),
  );
});

test("the start period of a worker is its deadline for the head, that of the head is a day", () => {
  expect(specOf(local, 1).healthcheck.startPeriodSeconds).toBe(120);
  expect(specOf(local, 0).healthcheck.startPeriodSeconds).toBe(86_400);
});

test("deadlines of the workload change no health check", () => {
  const change = { engineTimeoutSeconds: 999, servingTimeoutSeconds: 9999 };
  const changed = planCluster(emulatedProps(change), localPlace());
  expect(changed.nodes.map((node) => containerSpec(changed, node).healthcheck)).toEqual(
    local.nodes.map((node) => containerSpec(local, node).healthcheck),
  );
});

test("a GPU node on InfiniBand has its devices, limits and runtime", () => {
  expect(devicesOf(machines)).toEqual([
    ...same(...range(8).map((n) => `/dev/nvidia${n}`)),
    ...same("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/infiniband"),
  ]);
  expect(specOf(machines)).toMatchObject({
    environment: { NVIDIA_VISIBLE_DEVICES: "0,1,2,3,4,5,6,7", NVIDIA_DRIVER_CAPABILITIES: "compute,utility" },
    runtime: "nvidia",
    capabilities: ["CAP_IPC_LOCK"],
    networkMode: "host",
  });
});

test("the secret of a model's source is mounted beside the head, not into its container", () => {
  const of = (token: SecretRef) =>
    ModelSource.huggingFace("a/b", { revision: "0123456789abcdef0123456789abcdef01234567", token });
  const mountsOf = (token: SecretRef) => {
    const place = hostsPlace({ secretKinds: ["host-file", "managed"] });
    const plan = planCluster(machineProps({ model: of(token) }), place);
    expect(JSON.stringify(specOf(plan).mounts)).not.toContain("token");
    return sourceSecretMounts(plan);
  };
  expect(mountsOf(SecretRef.hostFile("/root/token"))).toEqual([
    { source: "/root/token", target: "/run/secrets/ray-cluster/model", readOnly: true },
  ]);
  expect(mountsOf(SecretRef.managed("arn:token"))).toEqual([]);
});

test("an A3 node has sixteen dies and no InfiniBand folder", () => {
  const plan = onHosts(Accelerator.ASCEND_A3, Fabric.ROCE);
  expect(devicesOf(plan)).toEqual(
    same(
      ...range(16).map((n) => `/dev/davinci${n}`),
      "/dev/davinci_manager",
      "/dev/devmm_svm",
      "/dev/hisi_hdc",
    ),
  );
  expect(specOf(plan)).toMatchObject({
    environment: { ASCEND_RUNTIME_OPTIONS: "NODRV" },
    runtime: undefined,
  });
});

test("fewer accelerators than the board has map fewer devices", () => {
  const plan = onHosts(Accelerator.H100, Fabric.TCP, 2);
  expect(devicesOf(plan).slice(0, 3)).toEqual(same("/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl"));
  expect(specOf(plan).environment.NVIDIA_VISIBLE_DEVICES).toBe("0,1");
});

describe("chosen devices", () => {
  const of = (accelerator: Accelerator, devices: readonly number[], fabric = Fabric.TCP) => {
    const pools = [{ name: "gpu", nodes: 1, accelerator, devices }];
    const place = hostsPlace({
      addresses: { gpu: ["10.20.0.1"] },
      deviceIps: { gpu: [range(8).map((n) => `192.168.1.${n}`)] },
    });
    return planCluster(machineProps({ pools, fabric }), place);
  };

  test("of GPUs are mapped under their names and given to the runtime", () => {
    const plan = of(Accelerator.H100, [7, 4, 5, 6]);
    expect(devicesOf(plan).slice(0, 5)).toEqual(
      same("/dev/nvidia4", "/dev/nvidia5", "/dev/nvidia6", "/dev/nvidia7", "/dev/nvidiactl"),
    );
    expect(specOf(plan).environment.NVIDIA_VISIBLE_DEVICES).toBe("4,5,6,7");
    expect(specOf(plan).config.node.accelerators).toMatchObject({ planned: 4, devices: [4, 5, 6, 7] });
    expect(specOf(plan).sharedMemoryMiB).toBe(256 + 4 * 2048);
    expect(ownDevices(plan, plan.nodes[0])).toEqual(range(4).map((n) => `/dev/nvidia${n + 4}`));
  });

  test("of NPUs have the addresses of these devices", () => {
    const plan = of(Accelerator.ASCEND_910B_64GB, [2, 3]);
    expect(devicesOf(plan).slice(0, 3)).toEqual(
      same("/dev/davinci2", "/dev/davinci3", "/dev/davinci_manager"),
    );
    expect(plan.nodes[0].deviceIps).toEqual(["192.168.1.2", "192.168.1.3"]);
  });

  test("of NeuronCores count two for each", () => {
    const plan = of(Accelerator.TRAINIUM, [8, 9], Fabric.EFA);
    expect(plan.nodes[0].acceleratorCount).toBe(4);
    expect(devicesOf(plan).slice(0, 2)).toEqual(same("/dev/neuron8", "/dev/neuron9"));
  });

  test("are not the names of emulated devices on the machine", () => {
    const plan = of(Accelerator.EMULATED_NPU, [4, 5]);
    expect(devicesOf(plan)).toEqual(["/dev/null:/dev/davinci4", "/dev/null:/dev/davinci5"]);
    expect(ownDevices(plan, plan.nodes[0])).toEqual(["/dev/davinci4", "/dev/davinci5"]);
  });
});

test.each([
  [Accelerator.TRAINIUM, 32, 16],
  [Accelerator.TRAINIUM, 3, 2],
  [Accelerator.TRAINIUM2, 64, 16],
])("%j with %d cores has %d devices", (accelerator, cores, chips) => {
  const plan = onHosts(accelerator, Fabric.EFA, cores);
  expect(devicesOf(plan)).toEqual(same(...range(chips).map((n) => `/dev/neuron${n}`), "/dev/infiniband"));
});

test("an AMD node has the folder of render nodes", () => {
  expect(devicesOf(onHosts(Accelerator.MI300X, Fabric.TCP))).toEqual(same("/dev/dri", "/dev/kfd"));
});

describe("a node without accelerators has no devices, mounts and capabilities", () => {
  const withHead = (accelerator: Accelerator, fabric: Fabric) => {
    const pools = [
      { name: "head", nodes: 1 },
      { name: "gpu", nodes: 1, accelerator },
    ];
    const place = hostsPlace({ addresses: { head: ["10.20.0.1"], gpu: ["10.20.0.2"] } });
    return planCluster(machineProps({ pools, fabric }), place);
  };

  test("beside GPUs", () => {
    const plan = withHead(Accelerator.H100, Fabric.INFINIBAND);
    expect(specOf(plan)).toMatchObject({ devices: [], mounts: [], capabilities: [] });
    expect(specOf(plan).runtime).toBeUndefined();
    expect(specOf(plan).environment).not.toHaveProperty("NVIDIA_VISIBLE_DEVICES");
    expect(specOf(plan, 1).runtime).toBe("nvidia");
  });

  test("beside NPUs", () => {
    const plan = withHead(Accelerator.ASCEND_910B_64GB, Fabric.ROCE);
    expect(specOf(plan).mounts).toEqual([]);
    expect(specOf(plan, 1).mounts).toHaveLength(5);
  });
});
