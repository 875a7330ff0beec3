import type { BadInput } from "./bad-input";

/** Mistakes in what containers get besides what the plan derives. */
export const BAD_CONTAINER_EXTRAS: readonly BadInput[] = [
  { props: { extraDevices: ["fuse"] }, rule: "RC165", path: "extraDevices[0]", got: "'fuse'" },
  { props: { extraDevices: ["/dev/fuse", "/dev"] }, rule: "RC165", path: "extraDevices[1]", got: "'/dev'" },
  {
    props: { extraMounts: [{ hostPath: "tools" }] },
    rule: "RC166",
    path: "extraMounts[0].hostPath",
    got: "'tools'",
  },
  {
    props: { extraMounts: [{ hostPath: "/opt/tools", mountPath: "/usr" }] },
    rule: "RC166",
    path: "extraMounts[0].mountPath",
    got: "'/usr'",
  },
  {
    props: { extraMounts: [{ hostPath: "/root/x", mountPath: "/run/secrets/ray-cluster/model" }] },
    rule: "RC166",
    path: "extraMounts[0].mountPath",
    got: "'/run/secrets/ray-cluster/model'",
  },
  {
    props: { extraCapabilities: ["sys-ptrace"] },
    rule: "RC167",
    path: "extraCapabilities[0]",
    got: "'CAP_SYS-PTRACE'",
  },
  {
    props: { readOnlyRoot: true },
    rule: "RC199",
    path: "readOnlyRoot",
    got: "true",
  },
];
