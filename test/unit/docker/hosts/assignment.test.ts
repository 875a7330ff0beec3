import { assign } from "../../../../lib/docker/hosts/assignment";

const POOLS = [
  { name: "head", nodes: 1 },
  { name: "npu", nodes: 2 },
];

test.each([
  [0, { head: [], npu: [] }],
  [1, { head: [0], npu: [] }],
  [3, { head: [0], npu: [1, 2] }],
  [4, { head: [0], npu: [1, 2, 3] }],
])("%d machines without a pool are assigned in order, the rest to the last pool", (count, expected) => {
  expect(assign(Array(count).fill({}), POOLS)).toEqual(expected);
});

test("machines that are retired or lost are no nodes, and the others move up", () => {
  const machines = [{}, { status: "lost" }, {}, { status: "retired" }, {}];
  expect(assign(machines, POOLS)).toEqual({ head: [0], npu: [2, 4] });
});

test("a retired machine may name a pool or none", () => {
  const machines = [
    { pool: "head" },
    { status: "retired" },
    { pool: "npu" },
    { pool: "npu", status: "lost" },
  ];
  expect(assign(machines, POOLS)).toEqual({ head: [0], npu: [2] });
});

test("machines that name a pool are assigned to it in any order", () => {
  expect(assign([{ pool: "npu" }, { pool: "head" }, { pool: "npu" }], POOLS)).toEqual({
    head: [1],
    npu: [0, 2],
  });
});
