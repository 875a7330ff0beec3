import { loadReview, loadText } from "../../../lib/review/load";
import type { PlaceFacts, SpeedLimit } from "../../../lib/review/place-facts";
import { UNKNOWN_PLACE } from "../../../lib/review/cluster-review";
import type { Parallelism } from "../../../lib/topology/model/parallelism";
import { planCluster } from "../../../lib/topology/planner";
import type { ClusterPlan } from "../../../lib/topology/plan/plan";
import { ModelSource } from "../../../lib/topology/values/model-source";
import { hostsPlace, machineProps } from "../../support/clusters";

/** Four nodes with eight accelerators each. */
const PLAN = planCluster(
  machineProps({
    model: ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
      revision: "0123456789abcdef0123456789abcdef01234567",
    }),
  }),
  hostsPlace(),
);
const cut = (parallelism: Partial<Parallelism> | undefined): ClusterPlan => ({
  ...PLAN,
  engine: {
    ...PLAN.engine,
    parallelism: parallelism && { tensor: 1, pipeline: 1, data: 1, expertParallel: false, ...parallelism },
  },
});
const place = (limits: readonly SpeedLimit[], mountPath = "/models"): PlaceFacts => ({
  ...UNKNOWN_PLACE,
  readSpeeds: [{ mountPath, what: "a file system", limits }],
});
const all = (gigabytes: number): SpeedLimit => ({
  what: "all",
  bytesPerSecond: gigabytes * 1e9,
  isShared: true,
});
const each = (gigabytes: number): SpeedLimit => ({
  what: "each",
  bytesPerSecond: gigabytes * 1e9,
  isShared: false,
});

describe("loadReview", () => {
  test.each<[string, Partial<Parallelism> | undefined, readonly SpeedLimit[], readonly unknown[]]>([
    // 811.7 GB in all; a quarter of them to each of four nodes.
    ["by what all share", { tensor: 8, pipeline: 4 }, [each(2.5), all(9.6)], [811.7, 202.9, 85, "all"]],
    ["by what each has", { tensor: 8, pipeline: 4 }, [all(9.6), each(1.25)], [811.7, 202.9, 163, "each"]],
    ["two stages to a node", { tensor: 4, pipeline: 8 }, [each(2.5)], [811.7, 202.9, 82, "each"]],
    [
      "a stage on two nodes, each reads it",
      { tensor: 16, pipeline: 2 },
      [all(9.6)],
      [1623.4, 405.9, 170, "all"],
    ],
    ["two replicas", { tensor: 8, pipeline: 2, data: 2 }, [each(2.5)], [1623.4, 405.9, 163, "each"]],
    ["no cut that is known: all of it to each", undefined, [each(2.5)], [3246.8, 811.7, 325, "each"]],
  ])("%s", (_, parallelism, limits, expected) => {
    const load = loadReview(cut(parallelism), place(limits))!;
    const gigabytes = [load.bytes, load.bytesOfNode].map((bytes) => Math.round(bytes / 1e8) / 10);
    expect([...gigabytes, load.atBestSeconds, load.limits[0].what]).toEqual(expected);
    expect(load.limits).toHaveLength(limits.length);
  });

  test.each<[string, PlaceFacts]>([
    ["nothing", UNKNOWN_PLACE],
    ["another folder", place([all(1)], "/model")],
    ["the folder, without a number", place([])],
  ])("is unknown where %s has a speed", (_, facts) => {
    const load = loadReview(cut({ tensor: 8, pipeline: 4 }), facts)!;
    expect(load.atBestSeconds).toBeNull();
    expect(loadText(load)).toBe(
      "weights from storage to the accelerators: **unknown**, no speed of " +
        "/models/meta-llama--Llama-3.1-405B-Instruct--0123456789ab has a source",
    );
  });

  test("is none where nothing is loaded, or nobody knows how much", () => {
    const place1 = place([all(1)]);
    expect(loadReview({ ...PLAN, staging: undefined }, place1)).toBeNull();
    expect(loadReview({ ...PLAN, engine: { ...PLAN.engine, api: undefined } }, place1)).toBeNull();
    const staging = {
      ...PLAN.staging!,
      models: PLAN.staging!.models.map((one) => ({ ...one, modelBytes: undefined })),
    };
    expect(loadReview({ ...PLAN, staging }, place1)).toBeNull();
  });

  test("names time, bytes and every limit in one phrase", () => {
    expect(loadText(loadReview(cut({ tensor: 8, pipeline: 4 }), place([each(2.5), all(9.6)]))!)).toBe(
      "weights from a file system to the accelerators at best 85 s: 811.7 GB, 202.9 GB to a node " +
        "(all 9.6 GB/s: 85 s; each 2.5 GB/s: 82 s)",
    );
  });
});
