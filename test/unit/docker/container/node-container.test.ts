import { App, TerraformStack } from "cdktf";
import { ContainerFiles } from "../../../../lib/docker/container/container-files";
import {
  type ContainerPlacement,
  folderMount,
  goDuration,
  nodeContainerConfig,
  privateVolume,
} from "../../../../lib/docker/container/node-container";
import type { ContainerSpec } from "../../../../lib/runtime/container-spec/container-spec";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, localPlace } from "../../../support/clusters";

const PLAN = planCluster(emulatedProps(), localPlace());

const SPEC: ContainerSpec = {
  name: "npu-1",
  config: containerSpec(PLAN, PLAN.nodes[1]).config,
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
  placement: Partial<ContainerPlacement> = {},
): ReturnType<typeof nodeContainerConfig> {
  const spec = { ...SPEC, ...change };
  return nodeContainerConfig(spec, {
    containerName: "c1-npu-1",
    network: { name: "net", address: "10.89.1.11" },
    mounts: [...spec.mounts.map(folderMount), privateVolume("vol")],
    files: new ContainerFiles(new TerraformStack(new App(), "test"), "c1", [spec]),
    ...placement,
  });
}

describe("nodeContainerConfig", () => {
  it("has volumes for folders that Docker creates, and mounts for all others", () => {
    const folder = { type: "bind", source: "/data", target: "/models", readOnly: false } as const;
    const config = configOf({}, { mounts: [{ ...folder, isCreated: true }, privateVolume("vol")] });
    expect(config.volumes).toEqual([{ hostPath: "/data", containerPath: "/models", readOnly: false }]);
    expect(config.mounts).toEqual([{ type: "volume", source: "vol", target: "/var/lib/ray-cluster" }]);
  });

  it("is on the machine's network without another one", () => {
    const config = configOf({}, { network: undefined });
    expect([config.networkMode, config.networksAdvanced]).toEqual(["host", undefined]);
  });

  it("has the labels, files and image of its place", () => {
    const upload = { file: "/a", content: "b" };
    const label = { label: "x", value: "y" };
    const config = configOf({}, { labels: [label], uploads: [upload], image: "sha256:1" });
    expect(config.labels).toEqual([expect.anything(), expect.anything(), label]);
    expect(config.upload).toEqual([expect.anything(), expect.anything(), upload]);
    expect(config.image).toBe("sha256:1");
  });

  it("has everything of the spec and nothing else", () => {
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
      user: "0",
      logDriver: "local",
      logOpts: {
        "max-size": "20m",
        "max-file": "5",
        compress: "true",
        mode: "non-blocking",
        "max-buffer-size": "4m",
      },
      securityOpts: ["no-new-privileges"],
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
      capabilities: { add: ["CAP_IPC_LOCK"], drop: ["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"] },
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
      labels: ["healthcheck", "mounts"].map((name) => ({
        label: `ray-cluster.${name}`,
        value: expect.stringMatching(/^[0-9a-f]{64}$/),
      })),
      healthcheck: {
        test: ["CMD", "python3", "-m", "ray_node", "status"],
        interval: "5s",
        timeout: "10s",
        startPeriod: "1m30s",
        retries: 3,
      },
    });
  });

  it("omits empty blocks", () => {
    const config = configOf({ devices: [], capabilities: [], ulimits: [], runtime: undefined });
    expect(config.devices).toBeUndefined();
    expect(config.capabilities?.add).toBeUndefined();
    expect(config.ulimit).toBeUndefined();
    expect(config.runtime).toBeUndefined();
  });

  it("refuses an empty word of the command at synth", () => {
    expect(() => configOf({ command: ["python3", ""] })).toThrow("command of npu-1");
  });
});

describe("the labels that replace a container", () => {
  it("change with the health check and with the mounts only", () => {
    const { labels } = configOf();
    const healthcheck = { ...SPEC.healthcheck, intervalSeconds: 6 };
    const mounts = [{ source: "/mnt/x", target: "/models", readOnly: false }];
    expect(configOf({ healthcheck }).labels).not.toEqual(labels);
    expect(configOf({ mounts }).labels).not.toEqual(labels);
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
  ])("writes %d seconds as %s", (seconds, text) => {
    expect(goDuration(seconds)).toBe(text);
  });
});
