import { DEPLOYMENTS, type Deployment, judgeDeployment } from "../support/deployments";

/** Cannot be declared: two engines behind a proxy, and an engine that this library does not start. */
const NOT_EXPRESSIBLE = ["rec-k25-gb200-pd", "va-dsv31-2p1d", "sky-dsr1-a100-sglang"];

/**
 * Published failures that depend on more than a plan holds: releases differ in what their kernels and captured graphs
 * take. A warning names each, which is asserted below.
 */
const WARNED: { readonly [id: string]: readonly [rule: string, path: string] } = {
  // Works with 2048 batched tokens on an A100, not with 8192 on an H100: what the release's kernels take decides.
  "rec-gptoss120-h100-tp1-default": ["RC109", "engine.maxModelLen"],
  "rec-gptoss120-h100-tp2-096": ["RC109", "engine.gpuMemoryUtilization"],
  "rec-q3c480-h20-tp8ep-262k": ["RC109", "engine.maxModelLen"],
  // The profile run of the image encoder, with videos.
  "rec-q3vl-bf16-h100-tp8-default": ["RC109", "engine.maxModelLen"],
  // Captured graphs: works with --enforce-eager.
  "vllm17469-q330b-a10-tp4": ["RC109", "engine.gpuMemoryUtilization"],
  "va5137-q3next-910b4-tp4-4k": ["RC109", "engine.gpuMemoryUtilization"],
  "va2959-q25vl72-tp2pp2": ["RC109", "engine.gpuMemoryUtilization"],
  // The first works with 0.8, the second over 4.
  "va5020-q3next-a2-tp4-4k": ["RC109", "engine.gpuMemoryUtilization"],
  "va6572-q3cnext-a2-tp8-262k": ["RC109", "engine.gpuMemoryUtilization"],
  // Unless experts are copied.
  "vllm52435-dsv4flash-a100-dp3ep": ["RC184", "engine.enableExpertParallel"],
  // A step of this release has as many tokens as the context.
  "vllm6746-405b-fp8-h100-tp8": ["RC109", "engine.maxModelLen"],
  // Starts, and dies at the first request: newer releases have kernels for it.
  "vllm17604-q3235-gptq-tp8": ["RC124", "engine.tensorParallelSize"],
};

/** Published failures that the plan averts by what it sets. */
const AVERTED: { readonly [id: string]: readonly [variable: string, value: string] } = {
  // vllm-project/vllm-ascend#5287: 609 MB needed, 200 MB by default.
  "va5287-q330b-a3-dp2ep": ["HCCL_BUFFSIZE", "609"],
};

const isCounted = ({ confidence }: Deployment) => confidence !== "doubtful" && confidence !== "derived";
const expressible = DEPLOYMENTS.filter(({ id }) => !NOT_EXPRESSIBLE.includes(id));
const errorsOf = (one: Deployment) =>
  judgeDeployment(one)
    .problems.filter(({ level }) => level === "error")
    .map(({ rule, path, got, must }) => `${rule} ${path}: got ${got}, but must ${must}`);
const rows = (expected: Deployment["expected"]) =>
  expressible
    .filter((one) => isCounted(one) && one.expected === expected)
    .map((one) => [one.id, one] as const);

test("there are 338 published deployments, each with its source and an id of its own", () => {
  expect(DEPLOYMENTS).toHaveLength(338);
  expect(new Set(DEPLOYMENTS.map(({ id }) => id)).size).toBe(338);
  expect(DEPLOYMENTS.filter(({ source }) => source.length < 8)).toEqual([]);
});

describe("a deployment that is published as working is accepted", () => {
  test.each(rows("works"))("%s", (_, one) => {
    expect(errorsOf(one)).toEqual([]);
  });
});

describe("a deployment that is published as failing is refused", () => {
  const refused = rows("fails").filter(([id]) => !(id in WARNED) && !(id in AVERTED));

  test.each(refused)("%s", (_, one) => {
    expect(errorsOf(one).length).toBeGreaterThan(0);
  });
});

describe("a failure that depends on more than the plan is warned of", () => {
  test.each(Object.entries(WARNED))("%s", (id, [rule, path]) => {
    const one = DEPLOYMENTS.find((deployment) => deployment.id === id);
    const warnings = one ? judgeDeployment(one).problems : [];
    expect(warnings).toContainEqual(expect.objectContaining({ level: "warning", rule, path }));
  });
});

describe("a failure is averted by what the plan sets", () => {
  test.each(Object.entries(AVERTED))("%s", (id, [variable, value]) => {
    const one = DEPLOYMENTS.find((deployment) => deployment.id === id);
    const environment = one && judgeDeployment(one).plan?.environment;
    expect(JSON.stringify(environment)).toContain(`"${variable}":"${value}"`);
  });
});
