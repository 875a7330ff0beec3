import { App, TerraformStack } from "cdktf";
import { ContainerFiles } from "../../../../lib/docker/container/container-files";
import { goDuration, nodeContainerConfig } from "../../../../lib/docker/container/node-container";
import type { NodeVolumes } from "../../../../lib/docker/container/node-volumes";
import type { ContainerSpec } from "../../../../lib/runtime/container-spec/container-spec";

const SPEC: ContainerSpec = {
  name: "npu-1",
  image: "example/ray:2.58.0",
  command: ["python3", "-m", "ray_node", "start"],
  environment: { A: "1", B: "${HOME} %{x}" },
  files: [],
  devices: [{ hostPath: "/dev/null", containerPath: "/dev/davinci0" }],
  mounts: [{ source: "/usr/local/Ascend/driver", target: "/usr/local/Ascend/driver", readOnly: true }],
  capabilities: ["CAP_IPC_LOCK"],
  ulimits: [{ name: "memlock", soft: -1, hard: -1 }],
  sharedMemoryMiB: 256,
  networkMode: "bridge",
  runtime: "ascend",
  healthcheck: {
    test: ["python3", "-m", "ray_node", "status"],
    intervalSeconds: 5,
    timeoutSeconds: 10,
    retries: 3,
    startPeriodSeconds: 90,
  },
  stopSeconds: 25,
};

function configOf(
  change: Partial<ContainerSpec> = {},
  nodeVolumes?: NodeVolumes,
): ReturnType<typeof nodeContainerConfig> {
  const spec = { ...SPEC, ...change };
  return nodeContainerConfig(spec, {
    containerName: "c1-npu-1",
    network: "net",
    address: "10.89.1.11",
    privateVolume: "vol",
    nodeVolumes,
    files: new ContainerFiles(new TerraformStack(new App(), "test"), "c1", [spec]),
  });
}

describe("nodeContainerConfig", () => {
  it("gives a node a volume in place of a disk of its own, and all nodes the same shared folder", () => {
    const mounts = [
      { source: "/var/lib/models", target: "/models", readOnly: false, isPerNode: true },
      { source: "/mnt/data", target: "/data", readOnly: false, isPerNode: false },
    ];
    expect(configOf({ mounts }, { "/models": "c1-npu-1-models" }).mounts).toEqual([
      { type: "volume", source: "c1-npu-1-models", target: "/models", readOnly: false },
      { type: "bind", source: "/mnt/data", target: "/data", readOnly: false },
      { type: "volume", source: "vol", target: "/var/lib/ray-cluster" },
    ]);
    // A machine of its own has a disk of its own.
    expect(configOf({ mounts }).mounts).toContainEqual({
      type: "bind",
      source: "/var/lib/models",
      target: "/models",
      readOnly: false,
    });
  });

  it("carries everything of the spec and nothing else", () => {
    expect(configOf()).toEqual({
      name: "c1-npu-1",
      hostname: "npu-1",
      image: "example/ray:2.58.0",
      entrypoint: ["python3"],
      command: [
        "/opt/ray-cluster/unpack_files.py",
        "/opt/ray-cluster/files.json",
        ...["python3", "-m", "ray_node", "start"],
      ],
      env: ["A=1", "B=$${HOME} %%{x}"],
      init: true,
      logDriver: "local",
      networksAdvanced: [{ name: "net", ipv4Address: "10.89.1.11" }],
      upload: [
        expect.objectContaining({ file: "/opt/ray-cluster/unpack_files.py" }),
        expect.objectContaining({ file: "/opt/ray-cluster/files.json" }),
      ],
      restart: "unless-stopped",
      mustRun: true,
      stopTimeout: 25,
      destroyGraceSeconds: 30,
      shmSize: 256,
      runtime: "ascend",
      capabilities: { add: ["CAP_IPC_LOCK"] },
      ulimit: [{ name: "memlock", soft: -1, hard: -1 }],
      devices: [{ hostPath: "/dev/null", containerPath: "/dev/davinci0", permissions: "rwm" }],
      mounts: [
        {
          type: "bind",
          source: "/usr/local/Ascend/driver",
          target: "/usr/local/Ascend/driver",
          readOnly: true,
        },
        { type: "volume", source: "vol", target: "/var/lib/ray-cluster" },
      ],
      labels: [{ label: "ray-cluster.healthcheck", value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      healthcheck: {
        test: ["CMD", "python3", "-m", "ray_node", "status"],
        interval: "5s",
        timeout: "10s",
        startPeriod: "1m30s",
        retries: 3,
      },
    });
  });

  it("leaves out what is empty, as an empty block is not an absent one", () => {
    const config = configOf({ devices: [], capabilities: [], ulimits: [], runtime: undefined });
    expect(config.devices).toBeUndefined();
    expect(config.capabilities).toBeUndefined();
    expect(config.ulimit).toBeUndefined();
    expect(config.runtime).toBeUndefined();
  });

  it("refuses an empty word of the command, as the provider would at apply", () => {
    expect(() => configOf({ command: ["python3", ""] })).toThrow("command of npu-1");
  });
});

describe("the label of the health check", () => {
  it("changes with the health check and with nothing else, as a changed label replaces a container", () => {
    const { labels } = configOf();
    const healthcheck = { ...SPEC.healthcheck, intervalSeconds: 6 };
    expect(configOf({ healthcheck }).labels).not.toEqual(labels);
    expect(configOf({ image: "other", sharedMemoryMiB: 1 }).labels).toEqual(labels);
  });
});

describe("goDuration", () => {
  it.each([
    [0, "0s"],
    [5, "5s"],
    [60, "1m0s"],
    [90, "1m30s"],
    [3600, "1h0m0s"],
    [3661, "1h1m1s"],
  ])("writes %d seconds as %s, as the provider reads it back", (seconds, text) => {
    expect(goDuration(seconds)).toBe(text);
  });
});
