import { minimumObjectStoreMiB } from "../../../../lib/catalog/ray-limits";
import { checkNodeSizes } from "../../../../lib/topology/rules/node-sizes";

const minimum = minimumObjectStoreMiB();

test("checkNodeSizes accepts the smallest sizes, and sizes that are left out", () => {
  expect(checkNodeSizes({})).toEqual([]);
  expect(checkNodeSizes({ cpusPerNode: 1, objectStoreMiB: minimum, sharedMemoryMiB: minimum })).toEqual([]);
});

test.each([
  [{ cpusPerNode: 0 }, "cpusPerNode", "0", 1],
  [{ objectStoreMiB: minimum - 1 }, "objectStoreMiB", String(minimum - 1), minimum],
  [{ sharedMemoryMiB: -5 }, "sharedMemoryMiB", "-5", minimum],
  [{ objectStoreMiB: 200, sharedMemoryMiB: 199 }, "sharedMemoryMiB", "199", 200],
])("checkNodeSizes reports one size of %j", (sizes, property, got, least) => {
  expect(checkNodeSizes(sizes, "hosts")).toMatchObject([
    { path: `hosts.${property}`, got, must: `be a whole number of at least ${least}` },
  ]);
});

test("checkNodeSizes does not take a wrong object store for the minimum of the shared memory", () => {
  expect(
    checkNodeSizes({ objectStoreMiB: 10, sharedMemoryMiB: -5 }).map(({ path, must }) => [path, must]),
  ).toEqual([
    ["backend.objectStoreMiB", `be a whole number of at least ${minimum}`],
    ["backend.sharedMemoryMiB", `be a whole number of at least ${minimum}`],
  ]);
});
