import type { ClusterOptions } from "../../../../lib/topology/declaration/cluster-props";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { localCluster } from "../../../support/local-cluster";
import { Synthesized } from "../../../support/synth";

const MODEL = ModelSource.huggingFace("a/b", {
  revision: "0123456789abcdef0123456789abcdef01234567",
  token: SecretRef.hostFile("/root/hf-token"),
});

function synth(change: Partial<ClusterOptions>): Synthesized {
  return Synthesized.of((stack) => {
    localCluster(stack, change);
  });
}

const namesOf = (stack: Synthesized) =>
  Object.values(stack.resources("docker_volume")).map(({ name }) => name as string);
const mountsOf = (stack: Synthesized, node: string) => {
  const found = Object.values(stack.resources("docker_container")).find(({ hostname }) => hostname === node);
  return found?.mounts as readonly { type: string; source: string; target: string; read_only?: boolean }[];
};

test("each node has its own volume, and only the readiness check the secret", () => {
  const stack = synth({ model: MODEL });
  expect(namesOf(stack).sort()).toEqual(["c1", "c1-npu-0-models", "c1-npu-1-models"]);
  const [own, shared] = mountsOf(stack, "npu-0");
  const [secret] = mountsOf(stack, "c1-gate");
  expect(own).toMatchObject({ type: "volume", target: "/models", read_only: false });
  expect(own.source).toMatch(/^\$\{docker_volume\.c1_npu-0-models_\w+\.name\}$/);
  expect(secret).toEqual({
    type: "bind",
    source: "/root/hf-token",
    target: "/run/secrets/ray-cluster/model",
    read_only: true,
  });
  expect(shared.target).toBe("/var/lib/ray-cluster");
  expect(mountsOf(stack, "npu-0")).toHaveLength(2);
  expect(mountsOf(stack, "npu-1").map(({ target }) => target)).toEqual(["/models", "/var/lib/ray-cluster"]);
  expect(mountsOf(stack, "npu-1")[0].source).toContain("npu-1-models");
  expect(stack.file("review.md")).toContain(
    "Docker volumes `c1-<node>-models`, one for each node, at `/models`",
  );
  stack.remove();
});

test("a shared folder is mounted into every container", () => {
  const stack = synth({ model: MODEL, storage: [HostPathStorage.shared("/mnt/models")] });
  expect(namesOf(stack)).toEqual(["c1"]);
  for (const node of ["npu-0", "npu-1"]) {
    expect(mountsOf(stack, node)).toContainEqual({
      type: "bind",
      source: "/mnt/models",
      target: "/models",
      read_only: false,
    });
  }
  stack.remove();
});

test("a cluster without a model has no volume for it", () => {
  const stack = synth({});
  expect(namesOf(stack)).toEqual(["c1"]);
  expect(mountsOf(stack, "npu-0").map(({ target }) => target)).toEqual(["/var/lib/ray-cluster"]);
  stack.remove();
});
