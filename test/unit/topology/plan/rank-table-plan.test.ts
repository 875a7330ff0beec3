import { createHash } from "node:crypto";
import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { nodeConfig } from "../../../../lib/runtime/node-config/make-node-config";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import type { Place } from "../../../../lib/topology/plan/place";
import { planCluster } from "../../../../lib/topology/planner";
import { RankTableKind } from "../../../../lib/topology/declaration/rank-table-kind";
import { emulatedProps, hostsPlace, localPlace } from "../../../support/clusters";
import { schemaProblems } from "../ascend/rank-table-schema";

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
])("%s", (_, accelerator, perNode, board) => {
  const plan = ascend(accelerator, perNode);

  test("has a table of the documented form, known at synth", () => {
    const text = plan.rankTable?.text ?? "";
    expect(schemaProblems(JSON.parse(text))).toEqual([]);
    expect(plan.rankTable).toMatchObject({
      path: PATH,
      version: "1.0",
      devicePort: 16666,
      checksum: createHash("sha256").update(text).digest("hex"),
    });
    expect(text.match(/"rank_id"/g)).toHaveLength(2 * perNode);
    expect(text.match(/"host_ip"/g)?.length ?? 0).toBe(board === "a3" ? 2 : 0);
  });

  test("lies on every node, and its path in the environment of every node", () => {
    expect(plan.environment.cluster.ASCEND_RANK_TABLE_FILE_PATH).toBe(PATH);
    const files = plan.nodes.map((node) => containerSpec(plan, node).files.find(({ path }) => path === PATH));
    expect(files.map((file) => file?.content)).toEqual([plan.rankTable?.text, plan.rankTable?.text]);
  });

  test("the node program knows board, addresses and checksum", () => {
    const { preflight } = nodeConfig(plan, plan.nodes[1]);
    expect(preflight).toMatchObject({
      board,
      collective: "hccl",
      devices: "real",
      fabric: "roce",
      image: { digest: DIGEST },
      rankTable: { path: PATH, version: "1.0", devicePort: 16666, checksum: plan.rankTable?.checksum },
    });
    expect(preflight.deviceIps["10.20.0.12"]).toHaveLength(perNode);
    expect(nodeConfig(plan, plan.nodes[0]).preflight).toEqual(preflight);
  });
});

test("without addresses the nodes gather them: no file at synth, the same path", () => {
  const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {}, { deviceIps: undefined });
  expect(plan.rankTable).toEqual({ path: PATH, version: "1.0", devicePort: 16666 });
  expect(containerSpec(plan, plan.nodes[0]).files.map(({ path }) => path)).not.toContain(PATH);
  expect(nodeConfig(plan, plan.nodes[0]).preflight.rankTable?.checksum).toBeNull();
});

test("super pods are gathered even where the addresses are known", () => {
  const plan = ascend(Accelerator.ASCEND_A3, 16, { rankTable: RankTableKind.SUPER_PODS });
  expect(plan.rankTable).toEqual({ path: PATH, version: "1.2", devicePort: 16666 });
});

test("the port is the one that the plan leaves to HCCL", () => {
  const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {
    environment: { HCCL_NPU_SOCKET_PORT_RANGE: "61000-61049" },
  });
  expect(plan.rankTable?.devicePort).toBe(61000);
});

test("nothing asks for one: there is none, not even a variable", () => {
  const plan = planCluster(emulatedProps(), localPlace());
  expect(plan.rankTable).toBeUndefined();
  expect(plan.environment.cluster).not.toHaveProperty("ASCEND_RANK_TABLE_FILE_PATH");
  expect(nodeConfig(plan, plan.nodes[0]).preflight.rankTable).toBeNull();
});

describe("LMDeploy", () => {
  const engine = new LmdeployServe({ modelPath: "/models/m" });

  test("gets one where its version is known to read one", () => {
    const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, { engine, rankTable: undefined });
    // An image of one's own says nothing of its version: nothing is made that was not asked for.
    expect(plan.engine.readsRankTable).toBe(false);
    expect(plan.rankTable).toBeUndefined();
    const reading = { ...engine, engineName: "lmdeploy", bind: bindReading(true) };
    expect(
      ascend(Accelerator.ASCEND_910B_64GB, 8, { engine: reading, rankTable: undefined }).rankTable?.version,
    ).toBe("1.0");
    expect(
      ascend(Accelerator.ASCEND_910B_64GB, 8, { engine: reading, rankTable: RankTableKind.NONE }).rankTable,
    ).toBeUndefined();
  });

  function bindReading(readsRankTable: boolean) {
    return (context: Parameters<LmdeployServe["bind"]>[0]) => ({ ...engine.bind(context), readsRankTable });
  }

  test("a file of one's own is left alone", () => {
    const plan = ascend(Accelerator.ASCEND_910B_64GB, 8, {
      engine: { ...engine, engineName: "lmdeploy", bind: bindReading(true) },
      rankTable: undefined,
      environment: { ASCEND_RANK_TABLE_FILE_PATH: "/models/table.json" },
    });
    expect(plan.rankTable).toBeUndefined();
    expect(plan.environment.cluster.ASCEND_RANK_TABLE_FILE_PATH).toBe("/models/table.json");
  });
});
