import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { nodeConfig } from "../../../../lib/runtime/node-config/node-config";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import type { Place } from "../../../../lib/topology/plan/place";
import { planCluster } from "../../../../lib/topology/planner";
import { RankTableKind } from "../../../../lib/topology/declaration/rank-table-kind";
import { engine } from "../../../support/engines";
import { emulatedProps, hostsPlace, localPlace } from "../../../support/clusters";

const PATH = "/etc/ray-cluster/rank-table.json";
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

function ascend(
  accelerator: Accelerator,
  perNode: number,
  props: Partial<ClusterProps> = {},
  place: Partial<Place> = {},
) {
  const deviceIps = [0, 1].map((server) =>
    Array.from({ length: perNode }, (_, device) => `192.168.${100 + server}.${101 + device}`),
  );
  return planCluster(
    emulatedProps({
      pools: [{ name: "npu", nodes: 2, accelerator }],
      fabric: Fabric.ROCE,
      image: ContainerImage.of(`registry.example/ascend@${DIGEST}`, {
        rayVersion: "2.58.0",
        pythonVersion: "3.11.9",
      }),
      rankTable: RankTableKind.SERVERS,
      ...props,
    }),
    hostsPlace({
      addresses: { npu: ["10.20.0.11", "10.20.0.12"] },
      deviceIps: { npu: deviceIps },
      ...place,
    }),
  );
}

describe.each([
  ["2 x 8 A2", Accelerator.ASCEND_910B_64GB, 8, "a2"],
  ["2 x 16 A3", Accelerator.ASCEND_A3, 16, "a3"],
])("rank table of %s", (_, accelerator, perNode, board) => {
  const plan = ascend(accelerator, perNode);

  test("is planned at one path, which the environment of every node names", () => {
    expect(plan.rankTable).toEqual({ path: PATH, version: "1.0", devicePort: 16666 });
    expect(plan.environment.cluster.ASCEND_RANK_TABLE_FILE_PATH).toBe(PATH);
  });

  test("is made at boot, so that no container brings the file", () => {
    const paths = plan.nodes.flatMap((node) => containerSpec(plan, node).files.map(({ path }) => path));
    expect(paths).not.toContain(PATH);
  });

  test("is made from what node.json says: board, port and device addresses", () => {
    const { preflight } = nodeConfig(plan, plan.nodes[1]);
    expect(preflight).toMatchObject({
      board,
      collective: "hccl",
      devices: "real",
      fabric: "roce",
      image: { digest: DIGEST },
      rankTable: { path: PATH, version: "1.0", devicePort: 16666 },
    });
    expect(Object.keys(preflight.deviceIps)).toEqual(["10.20.0.11", "10.20.0.12"]);
    expect(preflight.deviceIps["10.20.0.12"]).toHaveLength(perNode);
    expect(nodeConfig(plan, plan.nodes[0]).preflight).toEqual(preflight);
  });
});

test("node.json without planned device addresses leaves them to the nodes", () => {
  const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {}, { deviceIps: undefined });
  expect(plan.rankTable).toEqual({ path: PATH, version: "1.0", devicePort: 16666 });
  expect(nodeConfig(plan, plan.nodes[0]).preflight.deviceIps).toEqual({});
});

test("planRankTable with super pods has version 1.2", () => {
  const plan = ascend(Accelerator.ASCEND_A3, 16, { rankTable: RankTableKind.SUPER_PODS });
  expect(plan.rankTable).toEqual({ path: PATH, version: "1.2", devicePort: 16666 });
});

test("planRankTable uses the port range that the declaration gives HCCL", () => {
  const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {
    environment: { HCCL_NPU_SOCKET_PORT_RANGE: "61000-61049" },
  });
  expect(plan.rankTable?.devicePort).toBe(61000);
});

test("planRankTable uses HCCL's default port where the range is automatic", () => {
  const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {
    environment: { HCCL_NPU_SOCKET_PORT_RANGE: "auto" },
  });
  expect(plan.rankTable?.devicePort).toBe(16666);
});

test("a cluster without a rank table has no variable for one", () => {
  const plan = planCluster(emulatedProps(), localPlace());
  expect(plan.rankTable).toBeUndefined();
  expect(plan.environment.cluster).not.toHaveProperty("ASCEND_RANK_TABLE_FILE_PATH");
  expect(nodeConfig(plan, plan.nodes[0]).preflight.rankTable).toBeNull();
});

describe("rank table of LMDeploy", () => {
  const lmdeploy = (version?: string) => new LmdeployServe({ modelPath: "/models/m", version });
  const versionOf = (props: Partial<ClusterProps>) =>
    ascend(Accelerator.ASCEND_910B_64GB, 8, { rankTable: undefined, ...props }).rankTable?.version;

  test.each([
    ["0.14.0", "1.0"],
    ["0.15.0", undefined],
    // An image of one's own says nothing about its version: no table that was not asked for.
    [undefined, undefined],
  ])("version %s: %s", (version, table) => {
    expect(versionOf({ engine: lmdeploy(version) })).toBe(table);
  });

  test("is left to a file of the user's own", () => {
    const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {
      engine: lmdeploy("0.14.0"),
      rankTable: undefined,
      environment: { ASCEND_RANK_TABLE_FILE_PATH: "/models/table.json" },
    });
    expect(plan.rankTable).toBeUndefined();
    expect(plan.environment.cluster.ASCEND_RANK_TABLE_FILE_PATH).toBe("/models/table.json");
  });
});

test.each([
  [undefined, "1.0"],
  [RankTableKind.NONE, undefined],
])("an engine that reads a rank table, rankTable %s: %s", (rankTable, version) => {
  const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {
    engine: engine({ readsRankTable: true }),
    rankTable,
  });
  expect(plan.rankTable?.version).toBe(version);
});
