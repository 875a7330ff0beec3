import { allVariables } from "../../../../lib/catalog/environment";
import { environmentCopiesOf } from "../../../../lib/catalog/engines";
import { copiesVariable, environmentFence } from "../../../../lib/engines/releases/environment-fence";
import { compareVersions } from "../../../../lib/catalog/ray-versions";
import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { definition, LMDEPLOY_VERSIONS, VLLM_VERSIONS } from "../support/flags";
import { contextOf } from "../support/systems";

const NPUS = contextOf({ accelerator: Accelerator.ASCEND_910B_64GB, nodes: 2, perNode: 8 });
const perNode = allVariables()
  .filter(({ scope }) => scope === "node")
  .map(({ name }) => name);

/** Variables that the source of a version copies from the driver to its workers. */
function copiedBySource(fixture: string, names: readonly string[]): readonly string[] {
  const {
    prefixes = [],
    names: own = [],
    registered = [],
    never = [],
    everything = false,
  } = definition(fixture).copied;
  return names.filter(
    (name) =>
      !never.includes(name) &&
      (everything ||
        [...own, ...registered].includes(name) ||
        prefixes.some((p: string) => name.startsWith(p))),
  );
}

/** Variables that a version copies, as the catalogue says. */
function carriedToWorkers(engine: string, names: readonly string[], version: string): readonly string[] {
  const rows = environmentCopiesOf(engine).filter(
    ({ from, to }) =>
      (from === null || compareVersions(version, from) >= 0) &&
      (to === null || compareVersions(version, to) <= 0),
  );
  return names.filter((name) => rows.some((row) => copiesVariable(row, name)));
}

describe.each([
  ...VLLM_VERSIONS.map((version) => ["vllm", version] as const),
  ...LMDEPLOY_VERSIONS.map((version) => ["lmdeploy", version] as const),
])("%s %s", (engine, version) => {
  const names = allVariables().map(({ name }) => name);

  test("copies the variables that the catalogue names, and no other known one", () => {
    expect(carriedToWorkers(engine, names, version)).toEqual(copiedBySource(`${engine}-${version}`, names));
  });

  test("copies no node-scoped variable once the fence is applied", () => {
    const { excluded, withheld } = environmentFence(engine, NPUS);
    const carried = copiedBySource(`${engine}-${version}`, perNode);
    expect(carried.filter((name) => ![...excluded, ...withheld].includes(name))).toEqual([]);
  });
});

test("the published versions are those that the catalogue was written for", () => {
  expect(carriedToWorkers("vllm", ["HCCL_IF_IP", "NCCL_SOCKET_IFNAME", "VLLM_HOST_IP"], "0.20.2")).toEqual([
    "NCCL_SOCKET_IFNAME",
  ]);
  expect(carriedToWorkers("vllm", ["HCCL_IF_IP", "NCCL_SOCKET_IFNAME", "VLLM_HOST_IP"], "0.21.0")).toEqual([
    "HCCL_IF_IP",
    "NCCL_SOCKET_IFNAME",
  ]);
  expect(carriedToWorkers("lmdeploy", ["HCCL_IF_IP"], "0.14.0")).toEqual([]);
  expect(carriedToWorkers("lmdeploy", ["HCCL_IF_IP"], "0.15.0")).toEqual(["HCCL_IF_IP"]);
});

test("vLLM's older executor overwrites a worker's values, the newer one keeps them", () => {
  expect(environmentCopiesOf("vllm").map(({ to, overwrites }) => [to, overwrites])).toEqual([
    ["0.20.2", true],
    [null, false],
  ]);
});

test("environmentFence for vLLM excludes every node-scoped variable and withholds none", () => {
  const fence = environmentFence("vllm", { ...NPUS, nodeVariables: ["MY_NODE_IP"] });
  expect(fence.withheld).toEqual([]);
  expect(fence.exclusionFile).toBe(definition("vllm-0.33.0").copied.exclusionFile);
  expect(fence.excluded).toEqual(expect.arrayContaining(["HCCL_IF_IP", "NCCL_SOCKET_IFNAME", "MY_NODE_IP"]));
  expect(fence.excluded).not.toContain("VLLM_HOST_IP");
});

test("VllmServe writes vLLM's exclusion list with Ray only", () => {
  const { texts, environment } = new VllmServe({ modelPath: "/m" }).bind(NPUS);
  expect(texts?.map(({ path }) => path)).toEqual([
    `${environment.VLLM_CONFIG_ROOT}/${definition("vllm-0.33.0").copied.exclusionFile}`,
  ]);
  expect(JSON.parse(texts![0].text)).toEqual(environmentFence("vllm", NPUS).excluded);
  const mp = new VllmServe({ modelPath: "/m", executor: VllmExecutor.MP }).bind(NPUS);
  expect([mp.texts, mp.environment.VLLM_CONFIG_ROOT]).toEqual([[], undefined]);
});

test("environmentFence for LMDeploy withholds the head's own address", () => {
  expect(environmentFence("lmdeploy", NPUS)).toEqual({ excluded: [], withheld: ["HCCL_IF_IP"] });
  expect(new LmdeployServe({ modelPath: "/m" }).bind(NPUS).withheld).toEqual(["HCCL_IF_IP"]);
});
