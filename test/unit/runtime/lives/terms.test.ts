import { RollProfile } from "../../../../lib/engines/roll/roll-profile";
import { RollPipeline } from "../../../../lib/engines/roll/roll-pipeline";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import type { Life } from "../../../../lib/runtime/lives/lives";
import { clusterTerms, type ClusterTerms, type Terms } from "../../../../lib/runtime/lives/terms";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { planCluster } from "../../../../lib/topology/planner";
import { type Change, changed, CHANGES, engine, pool } from "./changes";

function termsOf(change: Change = {}): ClusterTerms {
  const { props, place } = changed(change);
  return clusterTerms(props, planCluster(props, place));
}

/** The terms by which two records differ, as `pools.gpu.nodes`. */
function differences(one: Terms, other: Terms, path = ""): string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.flatMap((name) => {
    const [before, after] = [one[name], other[name]];
    if (JSON.stringify(before) === JSON.stringify(after)) {
      return [];
    }
    const isGroup = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
    return isGroup(before) && isGroup(after)
      ? differences(before as Terms, after as Terms, `${path}${name}.`)
      : [`${path}${name}`];
  });
}

/** Without the hashes of nodes that only one of them has: they come or go, and change none of those that stay. */
function common(one: Terms, other: Terms): Terms {
  const [hashes, others] = [one, other].map((terms) => (terms.hashes ?? {}) as Terms);
  return { ...one, hashes: Object.fromEntries(Object.entries(hashes).filter(([name]) => name in others)) };
}

const before = termsOf();
const LIVES: readonly Life[] = ["machine", "node", "workload"];
const changedTerms = (change: Change) => {
  const after = termsOf(change);
  return LIVES.flatMap((life) =>
    differences(common(before[life], after[life]), common(after[life], before[life]), `${life}.`),
  );
};

test.each<[string, Change, readonly string[]]>([
  ["nothing", {}, []],
  ["maxModelLen", engine({ maxModelLen: 8192 }), ["workload.engine.maxModelLen"]],
  ["the number of nodes", pool({ nodes: 4 }), ["workload.pools.gpu.nodes"]],
  ["a deadline", { props: { engineTimeoutSeconds: 3600 } }, ["workload.engineTimeoutSeconds"]],
  ["a variable", { props: { environment: { NCCL_DEBUG: "INFO" } } }, ["node.environment"]],
  [
    "the image",
    { props: { image: ContainerImage.of("registry.example/vllm:v2", { rayVersion: "2.58.0" }) } },
    ["node.image"],
  ],
  [
    "the machine type",
    { ...pool({ machineType: "p5.48xlarge" }), place: { createsMachines: true } },
    ["machine.pools.gpu.machineType"],
  ],
])("a change of %s is shown in the declaration's own words", (_, change, terms) => {
  expect(changedTerms(change).filter((name) => !/hashes|number/.test(name))).toEqual(terms);
});

test.each(CHANGES)("a change of %s is shown in the lives that it touches", (_, touches, change) => {
  const livesOf = (names: readonly string[]) => [...new Set(names.map((name) => name.split(".")[0]))];
  const shown = changedTerms(change);
  const hashes = shown.filter((name) => /hashes|number/.test(name));
  // What is only planned with touches nothing, and is a word of the engine all the same.
  const words = shown.filter((name) => !hashes.includes(name) && !name.endsWith("plannedSequences"));
  expect(touches).toEqual(expect.arrayContaining(livesOf(words)));
  expect(words.length > 0).toBe(touches.length > 0);
});

test("the number of the workload and the hashes of the head and one worker are in the record", () => {
  const { machine, node, workload } = termsOf(pool({ nodes: 4 }));
  const hash = expect.stringMatching(/^[0-9a-f]{12}$/) as string;
  expect(machine.hashes).toEqual({ "gpu-0": hash, "gpu-1": hash });
  expect(node.hashes).toEqual({ "gpu-0": hash, "gpu-1": hash });
  expect(workload.number).toEqual(hash);
});

test("the record names a model without its secret", () => {
  const token = SecretRef.hostFile("/root/hf-token");
  const revision = "0123456789abcdef0123456789abcdef01234567";
  const model = ModelSource.huggingFace("owner/name", { revision, token });
  const terms = termsOf({ props: { model, engine: new VllmServe() } });
  expect(terms.workload.model).toMatchObject({ location: "owner/name", revision });
  expect(JSON.stringify(terms)).not.toContain("hf-token");
});

test("a named profile of ROLL is shown by its name", () => {
  const roll = new RollPipeline({ profile: RollProfile.V100_MEMORY, overrides: { "a.b": 1 } });
  const image = ContainerImage.of("registry.example/roll:1", { rayVersion: "2.48.0" });
  expect(termsOf({ props: { engine: roll, image } }).workload.engine).toMatchObject({
    name: "roll",
    profile: "v100-memory",
    overrides: { "a.b": 1 },
  });
});

test("what is not declared is not shown", () => {
  const shown = JSON.parse(JSON.stringify(before)) as ClusterTerms;
  expect(shown.workload).toEqual({
    number: expect.any(String) as string,
    pools: { gpu: { nodes: 2 } },
    engine: { name: "vllm", modelPath: "/models/llama", extraArguments: [] },
  });
});
