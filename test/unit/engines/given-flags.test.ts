import { flagsOfEngine } from "../../../lib/catalog/engine-flags";
import { fullName, givenFlags } from "../../../lib/engines/given-flags";

test.each([
  [["--seed", "1"], [{ index: 0, written: "--seed", name: "--seed", value: "1" }]],
  [
    ["--kv_cache_dtype=fp8"],
    [{ index: 0, written: "--kv_cache_dtype=fp8", name: "--kv-cache-dtype", value: "fp8" }],
  ],
  [["-dcp", "8"], [{ index: 0, written: "-dcp", name: "-dcp", value: "8" }]],
  [
    ["--limit-mm-per-prompt.video", "0"],
    [
      {
        index: 0,
        written: "--limit-mm-per-prompt.video",
        name: "--limit-mm-per-prompt",
        key: "video",
        value: "0",
      },
    ],
  ],
  [
    ["--enforce-eager", "--seed=-1"],
    [
      { index: 0, written: "--enforce-eager", name: "--enforce-eager" },
      { index: 1, written: "--seed=-1", name: "--seed", value: "-1" },
    ],
  ],
  [["--seed", "-1"], [{ index: 0, written: "--seed", name: "--seed", value: "-1" }]],
  [["stray"], []],
])("givenFlags of %j", (given, found) => {
  expect(givenFlags(given)).toEqual(found);
});

describe("flagsOfEngine", () => {
  test.each([
    ["0.17.1", "--swap-space", true],
    ["0.23.0", "--swap-space", false],
    // Between 0.17.1, which has it, and 0.18.1, which has not.
    ["0.18.0", "--swap-space", true],
    ["0.33.0", "--prefill-context-parallel-size", true],
    ["0.11.1", "--prefill-context-parallel-size", false],
  ])("of vLLM %s: %s is known: %s", (version, flag, known) => {
    expect(flagsOfEngine("vllm", version)?.has(flag)).toBe(known);
  });

  test.each([undefined, "latest", "0.8.5", "0.99.0"])("of version %s is undefined", (version) => {
    expect(flagsOfEngine("vllm", version)).toBeUndefined();
  });

  test("says which flags take a value", () => {
    const flags = flagsOfEngine("vllm", "0.33.0");
    expect([flags?.get("--enforce-eager"), flags?.get("--kv-cache-dtype")]).toEqual([false, true]);
  });
});

test("fullName completes a beginning where one flag fits", () => {
  const flags = new Map([
    ["--max-num-seqs", true],
    ["--max-model-len", true],
    ["--seed", true],
  ]);
  expect(["--max-num", "--max", "--seed", "--none", "-tp"].map((name) => fullName(name, flags))).toEqual([
    "--max-num-seqs",
    "--max",
    "--seed",
    "--none",
    "-tp",
  ]);
});
