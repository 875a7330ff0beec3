import { modelSection } from "../../../lib/review/model-section";
import type { ClusterProps } from "../../../lib/topology/declaration/cluster-props";
import { ModelSource } from "../../../lib/topology/values/model-source";
import { planCluster } from "../../../lib/topology/planner";
import { SecretRef } from "../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../lib/topology/declaration/storage";
import { emulatedProps, localPlace } from "../../support/clusters";

const revision = "0123456789abcdef0123456789abcdef01234567";
const section = (change: Partial<ClusterProps>) =>
  modelSection(planCluster(emulatedProps(change), localPlace()));

test("nothing without a model and storage", () => {
  expect(section({})).toEqual([]);
});

test("a gated model on the nodes' own disks", () => {
  const model = ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
    revision,
    token: SecretRef.hostFile("/root/hf-token"),
  });
  expect(section({ model })).toEqual([
    `- source: \`meta-llama/Llama-3.1-405B-Instruct\` of https://huggingface.co at commit \`${revision}\`, without \`original/*\``,
    "- model: llama-3.1-405b",
    "- weights: 811.7 GB",
    "- folder in the containers: `/models/meta-llama--Llama-3.1-405B-Instruct--0123456789ab`",
    "- way to the nodes: the head fetches it once, the other nodes take it from one another onto their own disks",
    "- secret: the file `/root/hf-token` of the head's machine, in the head's container only",
    "- at most 16235 s, then the deployment fails; what has come is kept",
    "",
    "| folder in the containers | folder of the machines | kept by |",
    "| --- | --- | --- |",
    "| `/models` | `/var/lib/ray-cluster/models` | each machine |",
  ]);
});

test("a token of the place's store, whose id may not be known yet", () => {
  const model = ModelSource.huggingFace("a/b", { revision, token: SecretRef.managed("arn:secret") });
  const plan = planCluster(emulatedProps({ model }), localPlace({ secretKinds: ["managed"] }));
  expect(modelSection(plan)).toContain(
    "- secret: of the place's store, read at boot into the memory of the head's machine, in the head's container only",
  );
});

test("chosen files of an unknown model on shared storage", () => {
  const model = ModelSource.huggingFace("a/b", { revision, include: ["*.json"], exclude: [] });
  const lines = section({ model, storage: [HostPathStorage.shared("/mnt/models")] });
  expect(lines[0]).toMatch(/, only `\*\.json`$/);
  expect(lines).toContain("- weights: size not known before the source is asked");
  expect(lines).toContain("- way to the nodes: the head fetches it once, onto storage that all nodes see");
  expect(lines.at(-1)).toBe("| `/models` | `/mnt/models` | storage that all machines share |");
});

test("files by their addresses, and a folder that is there", () => {
  const index = SecretRef.hostFile("/root/index.json");
  expect(section({ model: ModelSource.s3("s3://bucket/llama", { index }) })[0]).toBe(
    "- source: `s3://bucket/llama`, by an index of addresses",
  );
  const lines = section({
    model: ModelSource.path("/models/llama"),
    storage: [HostPathStorage.shared("/mnt")],
  });
  expect(lines[0]).toBe("- source: none, it lies in its folder already");
  expect(lines.join()).not.toContain("way to the nodes");
});
