import { assign } from "../../../../lib/docker/hosts/assignment";

const machine = (name: string, pool?: string) => ({ name, sshHost: name, address: "10.0.0.1", pool });
const POOLS = [
  { name: "head", nodes: 1 },
  { name: "npu", nodes: 2 },
];

function names(machines: readonly ReturnType<typeof machine>[]) {
  return Object.entries(assign(machines, POOLS)).map(([pool, list]) => [
    pool,
    ...list.map(({ name }) => name),
  ]);
}

test("the pools take the machines in their order, and the last one what is left", () => {
  expect(names(["a", "b", "c"].map((name) => machine(name)))).toEqual([
    ["head", "a"],
    ["npu", "b", "c"],
  ]);
  expect(names(["a", "b", "c", "d"].map((name) => machine(name)))).toEqual([
    ["head", "a"],
    ["npu", "b", "c", "d"],
  ]);
  expect(names([machine("a")])).toEqual([["head", "a"], ["npu"]]);
  expect(names([])).toEqual([["head"], ["npu"]]);
});

test("a machine that names its pool is there, wherever it stands", () => {
  expect(names([machine("a", "npu"), machine("b", "head"), machine("c", "npu")])).toEqual([
    ["head", "b"],
    ["npu", "a", "c"],
  ]);
});
