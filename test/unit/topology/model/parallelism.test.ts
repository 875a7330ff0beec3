import {
  deriveParallelism,
  feedForwardRanks,
  kvHeadsPerRank,
  layerPartition,
  nodesOfTensorGroup,
  ranksOf,
  sharedExpertRanks,
  showParallelism,
  type Parallelism,
} from "../../../../lib/topology/model/parallelism";

const cut = (tensor: number, pipeline = 1, data = 1): Parallelism => ({
  tensor,
  pipeline,
  data,
  expertParallel: false,
});

test.each([
  [{}, 8, 8],
  [{ cutsFeedForwardOverReplicas: true }, 16, 16],
  [{ keepsSharedExperts: true }, 8, 1],
  [{ cutsFeedForwardOverReplicas: true, keepsSharedExperts: true }, 16, 1],
])(
  "feed-forward layers and shared experts of two replicas of 8 with %j: %i and %i ranks",
  (change, dense, shared) => {
    const parallelism = { ...cut(8, 1, 2), ...change };
    expect([feedForwardRanks(parallelism), sharedExpertRanks(parallelism)]).toEqual([dense, shared]);
  },
);

describe("deriveParallelism", () => {
  test.each([
    ["one node", { nodes: 1 }, "tp 8 x pp 1 x dp 1"],
    ["a stage for each node", { nodes: 4 }, "tp 8 x pp 4 x dp 1"],
    ["tensor groups over nodes", { nodes: 2, acrossNodes: "tensor" }, "tp 16 x pp 1 x dp 1"],
    ["replicas over nodes", { nodes: 2, acrossNodes: "data" }, "tp 8 x pp 1 x dp 2"],
    ["given tensor", { nodes: 2, tensor: 4 }, "tp 4 x pp 4 x dp 1"],
    ["given pipeline", { nodes: 4, pipeline: 2 }, "tp 16 x pp 2 x dp 1"],
    [
      "given pipeline, replicas over nodes",
      { nodes: 4, pipeline: 2, acrossNodes: "data" },
      "tp 8 x pp 2 x dp 2",
    ],
    ["given data", { nodes: 4, data: 2 }, "tp 8 x pp 2 x dp 2"],
    ["given data, tensor over nodes", { nodes: 4, data: 2, acrossNodes: "tensor" }, "tp 16 x pp 1 x dp 2"],
    ["all given", { nodes: 2, tensor: 1, pipeline: 1, data: 16 }, "tp 1 x pp 1 x dp 16"],
    ["what does not divide", { nodes: 2, tensor: 24 }, "tp 24 x pp 1 x dp 1"],
  ] as const)("%s", (_, request, expected) => {
    expect(showParallelism(deriveParallelism({ acceleratorsPerNode: 8, ...request }))).toBe(expected);
  });

  test("keeps sizes that are given", () => {
    const request = { nodes: 2, acceleratorsPerNode: 8, expertParallel: true, layerPartition: [30, 31] };
    expect(deriveParallelism(request)).toEqual({
      ...cut(8, 2),
      expertParallel: true,
      layerPartition: [30, 31],
    });
    expect(deriveParallelism({ nodes: 1, acceleratorsPerNode: 8 })).toEqual(cut(8));
  });

  test("uses all accelerators of any shape when nothing is given", () => {
    for (const nodes of [1, 2, 3, 5, 17]) {
      for (const acceleratorsPerNode of [1, 4, 8, 16]) {
        for (const acrossNodes of ["pipeline", "tensor", "data"] as const) {
          const derived = deriveParallelism({ nodes, acceleratorsPerNode, acrossNodes });
          expect(ranksOf(derived)).toBe(nodes * acceleratorsPerNode);
        }
      }
    }
  });
});

describe("layerPartition", () => {
  test.each([
    [126, 1, [126]],
    [126, 2, [63, 63]],
    [126, 4, [31, 32, 32, 31]],
    [61, 2, [31, 30]],
    [61, 4, [15, 15, 16, 15]],
    [94, 4, [23, 24, 24, 23]],
    [7, 4, [2, 2, 2, 1]],
  ])("splits %i layers over %i stages", (layers, stages, expected) => {
    expect(layerPartition(layers, cut(1, stages))).toEqual(expected);
  });

  test("returns a given partition unchanged", () => {
    expect(layerPartition(61, { ...cut(8, 2), layerPartition: [30, 31] })).toEqual([30, 31]);
  });
});

describe("nodesOfTensorGroup", () => {
  test.each([
    ["within a node", cut(8, 2), 8, 1],
    ["half a node", cut(4, 4), 8, 1],
    ["two nodes", cut(16), 8, 2],
    ["five nodes of four", cut(20), 4, 5],
    ["not a divisor of the node", cut(6, 4), 8, 2],
  ])("%s", (_, parallelism, perNode, expected) => {
    expect(nodesOfTensorGroup(parallelism, perNode)).toBe(expected);
  });
});

test("kvHeadsPerRank distributes the heads and is at least one", () => {
  expect([1, 4, 8, 16, 32].map((tensor) => kvHeadsPerRank(8, tensor))).toEqual([8, 2, 1, 1, 1]);
});
