import type { ContainerConfig } from "@cdktf/provider-docker/lib/container";
import { COMMAND_LINE } from "../../../../lib/bootstrap/docker-run";
import { containerConfig } from "../../../../lib/docker/container/node-container";
import {
  type ContainerOptions,
  containerOptions,
  renderOptions,
} from "../../../../lib/runtime/container-spec/container-options";
import type { ContainerSpec } from "../../../../lib/runtime/container-spec/container-spec";
import { gateContainer } from "../../../../lib/runtime/container-spec/gate-container";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, localPlace } from "../../../support/clusters";

/** Each option, how the command line has it, and how the Docker API has it. */
const OPTIONS: {
  readonly [Name in keyof Required<ContainerOptions>]: readonly [
    Required<ContainerOptions>[Name],
    readonly string[],
    Partial<ContainerConfig>,
  ];
} = {
  init: [true, ["--init"], { init: true }],
  name: ["c1-npu-1", ["--name=c1-npu-1"], { name: "c1-npu-1" }],
  network: [
    { name: "net", address: "10.0.0.2" },
    ["--network=net", "--ip=10.0.0.2"],
    { networksAdvanced: [{ name: "net", ipv4Address: "10.0.0.2" }] },
  ],
  user: ["0", ["--user=0"], { user: "0" }],
  securityOptions: [
    ["no-new-privileges"],
    ["--security-opt=no-new-privileges"],
    { securityOpts: ["no-new-privileges"] },
  ],
  // The provider cannot set it.
  pidsLimit: [99, ["--pids-limit=99"], {}],
  log: [
    { driver: "local", options: { mode: "non-blocking", "max-file": "5" } },
    ["--log-driver=local", "--log-opt=mode=non-blocking", "--log-opt=max-file=5"],
    { logDriver: "local", logOpts: { mode: "non-blocking", "max-file": "5" } },
  ],
  stopSeconds: [25, ["--stop-timeout=25"], { stopTimeout: 25, destroyGraceSeconds: 30 }],
  sharedMemoryMiB: [256, ["--shm-size=256m"], { shmSize: 256 }],
  ipc: ["host", ["--ipc=host"], { ipcMode: "host" }],
  isRootReadOnly: [true, ["--read-only"], { readOnly: true }],
  runtime: ["nvidia", ["--runtime=nvidia"], { runtime: "nvidia" }],
  ulimits: [
    [{ name: "memlock", soft: -1, hard: -1 }],
    ["--ulimit=memlock=-1:-1"],
    { ulimit: [{ name: "memlock", soft: -1, hard: -1 }] },
  ],
  capabilities: [
    { add: ["CAP_IPC_LOCK"], drop: ["CAP_NET_RAW"] },
    ["--cap-drop=CAP_NET_RAW", "--cap-add=CAP_IPC_LOCK"],
    { capabilities: { add: ["CAP_IPC_LOCK"], drop: ["CAP_NET_RAW"] } },
  ],
  devices: [
    [{ hostPath: "/dev/a", containerPath: "/dev/b" }],
    ["--device=/dev/a:/dev/b"],
    { devices: [{ hostPath: "/dev/a", containerPath: "/dev/b", permissions: "rwm" }] },
  ],
  mounts: [
    [
      { type: "bind", source: "/a", target: "/b", readOnly: true },
      { type: "volume", source: "vol", target: "/c" },
    ],
    ["--mount=type=bind,source=/a,target=/b,readonly", "--mount=type=volume,source=vol,target=/c"],
    {
      mounts: [
        { type: "bind", source: "/a", target: "/b", readOnly: true },
        { type: "volume", source: "vol", target: "/c" },
      ],
    },
  ],
  environment: [{ A: "${x}" }, ["--env=A=${x}"], { env: ["A=$${x}"] }],
  healthcheck: [
    {
      test: ["python3", "a b"],
      intervalSeconds: 5,
      timeoutSeconds: 10,
      retries: 3,
      startPeriodSeconds: 90,
    },
    [
      "--health-cmd=python3 'a b'",
      "--health-interval=5s",
      "--health-timeout=10s",
      "--health-start-period=90s",
      "--health-retries=3",
    ],
    {
      healthcheck: {
        test: ["CMD", "python3", "a b"],
        interval: "5s",
        timeout: "10s",
        startPeriod: "1m30s",
        retries: 3,
      },
    },
  ],
  entrypoint: ["python3", ["--entrypoint=python3"], { entrypoint: ["python3"] }],
  image: ["a:1", ["a:1"], { image: "a:1" }],
  command: [["unpack.py", "x"], ["unpack.py", "x"], { command: ["unpack.py", "x"] }],
};

const names = Object.keys(OPTIONS) as (keyof ContainerOptions)[];
const all = Object.fromEntries(names.map((name) => [name, OPTIONS[name][0]])) as unknown as ContainerOptions;

test.each(names)("the option %s is rendered for the command line", (name) => {
  const rendered = renderOptions(all, { ...COMMAND_LINE }).map((words) => [...words]);
  expect(rendered).toContainEqual(OPTIONS[name][1]);
});

test.each(names)("the option %s is rendered for the Docker API", (name) => {
  expect(containerConfig(all, "npu-1")).toMatchObject(OPTIONS[name][2]);
});

test("the Docker API gets nothing that is not an option", () => {
  const expected = Object.assign({}, ...names.map((name) => OPTIONS[name][2])) as object;
  expect(containerConfig(all, "npu-1")).toEqual(expected);
});

test("the command line has the image before the command, and all options before the image", () => {
  const words = renderOptions(all, COMMAND_LINE).flat();
  expect(words.slice(-3)).toEqual(["a:1", "unpack.py", "x"]);
  expect(words.slice(0, -3).every((word) => word.startsWith("--"))).toBe(true);
});

test("a container without devices, health check and limits has no options for them", () => {
  const plan = planCluster(emulatedProps(), localPlace());
  const options = containerOptions(gateContainer(plan), {
    name: "gate",
    network: { name: "host" },
    mounts: [],
    unpack: { program: "/unpack.py", bundle: "/files.json" },
  });
  expect(Object.keys(containerConfig(options, "gate")).sort()).toEqual([
    "capabilities",
    "command",
    "entrypoint",
    "env",
    "image",
    "init",
    "logDriver",
    "logOpts",
    "mounts",
    "name",
    "networkMode",
    "securityOpts",
    "user",
    "volumes",
  ]);
  expect(options.command.slice(0, 6)).toEqual([
    "/unpack.py",
    "/files.json",
    ...["python3", "-m", "ray_node", "wait"],
  ]);
});

describe("what every container is kept from", () => {
  const plan = planCluster(emulatedProps(), localPlace());
  const optionsOf = (spec: Partial<ContainerSpec>) =>
    containerOptions(
      { ...containerSpec(plan, plan.nodes[0]), ...spec },
      { name: "a", network: { name: "host" }, mounts: [], unpack: { program: "/u", bundle: "/f" } },
    );

  it("is to forge packets, make devices, gain privileges, fill the process table and wait for its log", () => {
    expect(optionsOf({})).toMatchObject({
      user: "0",
      capabilities: { add: [], drop: ["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"] },
      securityOptions: ["no-new-privileges"],
      pidsLimit: 32_768,
      log: { driver: "local", options: { mode: "non-blocking", "max-buffer-size": "4m", "max-file": "5" } },
    });
  });

  it("leaves it what the declaration asks for", () => {
    const capabilities = ["CAP_IPC_LOCK", "CAP_NET_RAW"];
    expect(optionsOf({ capabilities }).capabilities).toEqual({
      add: capabilities,
      drop: ["CAP_AUDIT_WRITE", "CAP_MKNOD"],
    });
  });

  // Docker's daemon adds it by itself, and the provider reads it back.
  it("has no SELinux labels where it shares the machine's IPC", () => {
    expect(optionsOf({ ipc: "host" }).securityOptions).toEqual(["no-new-privileges", "label=disable"]);
  });
});
