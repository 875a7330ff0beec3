import { changedTerms, workloadDiffers } from "../../../../lib/review/change/terms";

const terms = (workload: object, node: object = {}) => ({ machine: {}, node, workload });

test("words that differ, with their life and both values", () => {
  const before = terms({ number: "1", engine: { flags: ["a"], maxModelLen: 1 } }, { image: "a:1" });
  const after = terms({ number: "2", engine: { flags: ["a", "b"], port: 1 } }, { image: "a:2" });
  expect(changedTerms(before, after)).toEqual([
    { life: "node", path: "image", runs: '"a:1"', planned: '"a:2"' },
    { life: "workload", path: "engine.flags", runs: '["a"]', planned: '["a","b"]' },
    { life: "workload", path: "engine.maxModelLen", runs: "1", planned: null },
    { life: "workload", path: "engine.port", runs: null, planned: "1" },
  ]);
  expect(workloadDiffers(before, after)).toBe(true);
});

test("a hash is shown where no word says it, and only there", () => {
  const node = (hash: string) => terms({ number: "1" }, { hashes: { head: hash } });
  expect(changedTerms(node("a"), node("b"))).toEqual([
    { life: "node", path: "hashes.head", runs: '"a"', planned: '"b"' },
  ]);
  expect(changedTerms(node("a"), node("a"))).toEqual([]);
  expect(workloadDiffers(node("a"), node("b"))).toBe(false);
});
