import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { lives, touchedLives } from "../../../../lib/runtime/lives/lives";
import { workload, workloadNumber, workloadText } from "../../../../lib/runtime/workload/make-workload";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { planCluster } from "../../../../lib/topology/planner";
import { type Change, changed, CHANGES, pool } from "./changes";

const REVISION = "0123456789abcdef0123456789abcdef01234567";

function planOf(change: Change = {}) {
  const { props, place } = changed(change);
  return planCluster(props, place);
}

const before = lives(planOf());

test.each(CHANGES)("a change of %s touches %j", (_, touches, change) => {
  expect(touchedLives(before, lives(planOf(change)))).toEqual(touches);
});

test("another model of the same hub touches the workload alone", () => {
  const of = (repository: string) =>
    lives(
      planOf({
        props: {
          model: ModelSource.huggingFace(repository, { revision: REVISION }),
          engine: new VllmServe(),
        },
      }),
    );
  expect(touchedLives(of("owner/one"), of("owner/two"))).toEqual(["workload"]);
});

test("nodes that stay are the same parts whatever the number of nodes", () => {
  const after = lives(planOf(pool({ nodes: 4 })));
  expect(after.nodes.map(({ name }) => name)).toEqual(["gpu-0", "gpu-1", "gpu-2", "gpu-3"]);
  expect(after.nodes.slice(0, 2)).toEqual(before.nodes);
  expect(after.machines.slice(0, 2)).toEqual(before.machines);
});

test("the hash of the workload is its number", () => {
  const { name, hash, content } = before.workload;
  expect(name).toBe("llama-405b");
  expect(hash).toBe(workloadNumber(workloadText(workload(planOf()))));
  expect(content).toEqual(workload(planOf()));
});

test("a part is plain data without the texts of programs", () => {
  const [head] = before.nodes;
  expect(JSON.parse(JSON.stringify(head))).toEqual(head);
  expect(Object.values((head.content as { files: object }).files)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^[0-9a-f]{12}$/)]),
  );
  expect(JSON.stringify(before).length).toBeLessThan(40_000);
});
