import { dockerRunArguments, gateRunArguments, hostFolders } from "../../../lib/bootstrap/docker-run";
import { gateContainer } from "../../../lib/runtime/container-spec/gate-container";
import { containerSpec } from "../../../lib/runtime/container-spec/make-container-spec";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { planCluster } from "../../../lib/topology/planner";
import { HostPathStorage } from "../../../lib/topology/declaration/storage";
import { hostsPlace, machineProps } from "../../support/clusters";

const plan = planCluster(
  machineProps({ fabric: Fabric.EFA, storage: [HostPathStorage.perNode("/mnt/disk/models")] }),
  hostsPlace(),
);
const spec = containerSpec(plan, plan.nodes[0]);
const argv = dockerRunArguments(spec, true);
const values = (name: string, of = argv) =>
  of.filter((word) => word.startsWith(`--${name}=`)).map((word) => word.slice(name.length + 3));

it("the container has all devices of accelerators and fabric", () => {
  expect(values("device")).toEqual([...spec.devices].map((d) => `${d.hostPath}:${d.containerPath}`));
  expect(values("device")).toContain("/dev/infiniband:/dev/infiniband");
  expect(values("runtime")).toEqual(["nvidia"]);
});

it("the container has the host's network, shared memory and limits, and is unprivileged", () => {
  expect(values("network")).toEqual(["host"]);
  expect(values("shm-size")).toEqual([`${spec.sharedMemoryMiB}m`]);
  expect(values("ulimit")).toContain("memlock=-1:-1");
  expect(values("ulimit")).toContain("stack=67108864:67108864");
  expect(values("cap-add")).toEqual(["CAP_IPC_LOCK"]);
  expect(values("cap-drop")).toEqual(["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"]);
  expect(argv.join(" ")).not.toMatch(/privileged|docker\.sock/);
});

it("the container mounts volume, secrets, node.json, the bundle and the mounts of the plan", () => {
  expect(values("mount")).toEqual([
    "type=bind,source=/var/lib/ray-cluster/volume,target=/var/lib/ray-cluster",
    "type=bind,source=/run/ray-cluster/secrets,target=/var/lib/ray-cluster/secrets,readonly",
    "type=bind,source=/etc/ray-cluster/node.json,target=/etc/ray-cluster/node.json,readonly",
    "type=bind,source=/run/ray-cluster/image,target=/etc/ray-cluster/image-digest,readonly",
    "type=bind,source=/var/lib/ray-cluster/host/bundle.json,target=/run/ray-cluster/files.json,readonly",
    "type=bind,source=/usr/local/lib/ray-cluster/unpack_files.py,target=/run/ray-cluster/unpack_files.py,readonly",
    "type=bind,source=/mnt/disk/models,target=/models",
  ]);
  expect(hostFolders(spec)).toEqual(["/var/lib/ray-cluster/volume", "/mnt/disk/models"]);
});

it("the image digest is mounted where the preflight reads it", () => {
  const node = JSON.parse(spec.files.find(({ path }) => path.endsWith("/node.json"))?.content ?? "");
  expect(values("mount")).toContain(
    `type=bind,source=/run/ray-cluster/image,target=${node.preflight.image.foundIn},readonly`,
  );
});

it("the secrets folder is not mounted if the machine has no secrets", () => {
  expect(values("mount", dockerRunArguments(spec, false)).join()).not.toContain("/run/ray-cluster/secrets");
});

it("the node program overrides the entry point of the image", () => {
  expect(values("entrypoint")).toEqual(["python3"]);
  expect(argv.slice(argv.indexOf(spec.image))).toEqual([
    spec.image,
    "/run/ray-cluster/unpack_files.py",
    "/run/ray-cluster/files.json",
    ...spec.command,
  ]);
});

describe("the readiness check", () => {
  const gate = gateRunArguments(spec);

  it("has the node's state, but not its devices and secrets", () => {
    expect(values("name", gate)).toEqual(["ray-cluster-gate"]);
    expect(values("network", gate)).toEqual(["host"]);
    expect(values("device", gate)).toEqual([]);
    expect(values("runtime", gate)).toEqual([]);
    expect(values("mount", gate)).toContain(
      "type=bind,source=/var/lib/ray-cluster/volume,target=/var/lib/ray-cluster",
    );
    expect(gate.join(" ")).not.toMatch(/secrets|\/models/);
  });

  it("runs the same command as in every other place", () => {
    expect(values("entrypoint", gate)).toEqual(["python3"]);
    expect(gate.slice(gate.indexOf(spec.image))).toEqual([
      spec.image,
      "/run/ray-cluster/unpack_files.py",
      "/run/ray-cluster/files.json",
      ...["python3", "-m", "ray_node", "wait", "--workload", "/etc/ray-cluster/workload.json"],
    ]);
    expect(values("mount", gate)).toContain(
      "type=bind,source=/var/lib/ray-cluster/host/workload.json,target=/etc/ray-cluster/workload.json,readonly",
    );
    expect(values("env", gate)).toEqual(
      Object.entries(gateContainer(plan).environment).map(([name, value]) => `${name}=${value}`),
    );
    // A machine knows nobody who deploys; elsewhere the command goes on with who that is.
    expect(gateContainer(plan).command.slice(0, 6)).toEqual(gate.slice(-6));
  });
});

it("the container has the health check and the stop timeout", () => {
  expect(values("health-cmd")).toEqual(["python3 -m ray_node status"]);
  expect(values("stop-timeout")).toEqual([String(spec.stopSeconds)]);
});

it.each([
  [{ command: ["a\nb"] }, "must be one line"],
  [{ environment: { A: "b\nc" } }, "must be one line"],
  [{ mounts: [{ source: "/a,b", target: "/c", readOnly: true }] }, "comma"],
])("%j is refused", (change, message) => {
  expect(() => dockerRunArguments({ ...spec, ...change }, false)).toThrow(message);
});
