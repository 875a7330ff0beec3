import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { IpcMode } from "../../../../lib/topology/declaration/container-extras";
import { planCluster } from "../../../../lib/topology/planner";
import { dockerRunArguments } from "../../../../lib/bootstrap/docker-run";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const specs = (more: object) => {
  const plan = planCluster(emulatedProps(more), localPlace());
  return plan.nodes.map((node) => containerSpec(plan, node));
};

test("every container gets the declared devices, mounts, capabilities and IPC", () => {
  const plain = specs({});
  const extended = specs({
    extraDevices: ["/dev/fuse"],
    extraMounts: [
      { hostPath: "/opt/nsight" },
      { hostPath: "/var/traces", mountPath: "/traces", readOnly: false },
    ],
    extraCapabilities: ["SYS_PTRACE", "CAP_SYS_ADMIN", "cap_sys_admin"],
    ipc: IpcMode.HOST,
  });
  for (const [index, spec] of extended.entries()) {
    const before = plain[index];
    expect(spec.devices).toEqual([...before.devices, { hostPath: "/dev/fuse", containerPath: "/dev/fuse" }]);
    expect(
      spec.mounts.filter((mount) => !before.mounts.some(({ target }) => target === mount.target)),
    ).toEqual([
      { source: "/opt/nsight", target: "/opt/nsight", readOnly: true },
      { source: "/var/traces", target: "/traces", readOnly: false },
    ]);
    expect(spec.capabilities).toEqual([...before.capabilities, "CAP_SYS_PTRACE", "CAP_SYS_ADMIN"]);
    expect([before.ipc, spec.ipc]).toEqual([undefined, "host"]);
  }
});

test("a read-only root leaves a container volumes of its own where programs write, and is off unless declared", () => {
  const argumentsOf = (more: object) => {
    const plan = planCluster(machineProps(more), hostsPlace({ backend: "cloud-init" }));
    return dockerRunArguments(containerSpec(plan, plan.nodes[0]), true);
  };
  const plain = argumentsOf({});
  const closed = argumentsOf({ readOnlyRoot: true });
  expect(plain).not.toContain("--read-only");
  expect(closed.filter((argument) => !plain.includes(argument))).toEqual([
    "--read-only",
    ...["/opt/ray-cluster", "/root", "/run", "/tmp", "/var/log/ray-cluster", "/var/tmp"].map(
      (folder) => `--mount=type=volume,target=${folder}`,
    ),
  ]);
  // With its volumes.
  expect(closed[0]).toBe("--rm");
});
