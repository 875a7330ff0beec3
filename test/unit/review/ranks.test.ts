import { ranks } from "../../../lib/review/ranks";
import type { Parallelism } from "../../../lib/topology/model/parallelism";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";

const plan = planCluster(machineProps(), hostsPlace());
const located = (parallelism: Partial<Parallelism>) =>
  ranks({
    ...plan,
    engine: {
      ...plan.engine,
      parallelism: { tensor: 1, pipeline: 1, data: 1, expertParallel: false, ...parallelism },
    },
  }).map(({ node, first, last, stages, replicas }) => [node, first, last, stages, replicas]);

test.each<[string, Partial<Parallelism>, unknown]>([
  ["a stage on each node", { tensor: 8, pipeline: 4 }, ["gpu-1", 8, 15, [1], [0]]],
  ["two stages on each node", { tensor: 4, pipeline: 8 }, ["gpu-1", 8, 15, [2, 3], [0]]],
  ["a stage on two nodes", { tensor: 16, pipeline: 2 }, ["gpu-1", 8, 15, [0], [0]]],
  ["a replica on two nodes", { tensor: 8, pipeline: 2, data: 2 }, ["gpu-2", 16, 23, [0], [1]]],
])("%s", (_, cut, expected) => {
  expect(located(cut)).toHaveLength(4);
  expect(located(cut)).toContainEqual(expected);
});

test("none where the ranks are not those of the accelerators, or the cut is not known", () => {
  expect(located({ tensor: 8 })).toEqual([]);
  expect(ranks({ ...plan, engine: { ...plan.engine, parallelism: undefined } })).toEqual([]);
});
