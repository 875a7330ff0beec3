import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";

test("HostPathStorage.shared is shared and mounted on /models by default", () => {
  expect(HostPathStorage.shared("/mnt/models")).toMatchObject({
    hostPath: "/mnt/models",
    mountPath: "/models",
    isShared: true,
  });
  expect(HostPathStorage.shared("/mnt/a", { mountPath: "/data" }).mountPath).toBe("/data");
});

test("HostPathStorage.perNode is not shared and has a default folder", () => {
  expect(HostPathStorage.perNode()).toMatchObject({
    hostPath: "/var/lib/ray-cluster/models",
    mountPath: "/models",
    isShared: false,
  });
  expect(HostPathStorage.perNode("/nvme", { mountPath: "/data" })).toMatchObject({
    hostPath: "/nvme",
    mountPath: "/data",
  });
});

test("SecretRef holds the place of a secret and never its value", () => {
  expect({ ...SecretRef.hostFile("/root/hf-token") }).toEqual({
    kind: "host-file",
    hostPath: "/root/hf-token",
  });
  expect({ ...SecretRef.managed("arn:secret") }).toEqual({ kind: "managed", id: "arn:secret" });
});
