import { SecretRef } from "../../../../lib/topology/declaration/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";

test("a folder that all machines share", () => {
  expect(HostPathStorage.shared("/mnt/models")).toMatchObject({
    hostPath: "/mnt/models",
    mountPath: "/models",
    isShared: true,
  });
  expect(HostPathStorage.shared("/mnt/a", { mountPath: "/data" }).mountPath).toBe("/data");
});

test("a folder of each machine's own", () => {
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

test("a secret is known by its place alone", () => {
  expect({ ...SecretRef.hostFile("/root/hf-token") }).toEqual({
    kind: "host-file",
    hostPath: "/root/hf-token",
  });
  expect({ ...SecretRef.managed("arn:secret") }).toEqual({ kind: "managed", id: "arn:secret" });
});
