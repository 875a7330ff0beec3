import { findInstanceQuota } from "../../../lib/catalog/instance-quotas";
import { allInstanceTypes } from "../../../lib/catalog/instance-types";

test.each([
  ["p5.48xlarge", "L-417A185B"],
  ["p6-b300.48xlarge", "L-417A185B"],
  ["p6e-gb200.36xlarge", "L-417A185B"],
  ["g6e.48xlarge", "L-DB2E81BA"],
  ["gr6.8xlarge", "L-DB2E81BA"],
  ["trn2.48xlarge", "L-2C3B7624"],
  ["inf2.48xlarge", "L-1945791B"],
  ["m7i.4xlarge", "L-1216C47A"],
])("%s counts against %s", (instanceType, code) => {
  expect(findInstanceQuota(instanceType)?.code).toBe(code);
});

test("every type of the catalogue counts against a known quota, with a known number of vCPUs", () => {
  for (const { id, vCpus } of allInstanceTypes()) {
    expect([id, findInstanceQuota(id) === undefined, Number.isInteger(vCpus)]).toEqual([id, false, true]);
  }
});
