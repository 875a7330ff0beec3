import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import type { LmdeployServeProps } from "../../../../lib/engines/lmdeploy/lmdeploy-props";
import { engineLines } from "../../../../lib/review/engine";
import { workload } from "../../../../lib/runtime/workload/make-workload";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { Model } from "../../../../lib/topology/model/model";
import { clusterEndpoint } from "../../../../lib/topology/plan/endpoint";
import { judgeCluster } from "../../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../../support/clusters";

/** Two machines of eight NPUs with 64 GiB. */
function judged(engine: LmdeployServeProps, model = Model.QWEN2_5_72B) {
  return judgeCluster(
    machineProps({
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB }],
      fabric: Fabric.ROCE,
      storage: [HostPathStorage.perNode("/data/models")],
      model: ModelSource.path("/models/m", { model }),
      engine: new LmdeployServe({ version: "0.18.0", sessionLength: 8192, ...engine }),
    }),
    hostsPlace({ addresses: { npu: ["10.20.0.1", "10.20.0.2"] } }),
  );
}

function planned(engine: LmdeployServeProps, model?: Model) {
  const { plan, problems } = judged(engine, model);
  expect(problems.filter(({ level }) => level === "error")).toEqual([]);
  if (plan === undefined) {
    throw new Error("no plan");
  }
  return plan;
}

const found = (engine: LmdeployServeProps, model?: Model) =>
  judged(engine, model)
    .problems.filter(({ level }) => level === "error")
    .map(({ rule, path, got }) => [rule, path, got]);

describe("a cluster of LMDeploy with replicas", () => {
  const two = planned({ dataParallelSize: 2 });

  test("has the proxy as its endpoint, and a server's ports on every node for the cluster alone", () => {
    expect(clusterEndpoint(two)).toBe("http://10.20.0.1:8000");
    const ports = two.ports.filter(({ name }) => name === "engine" || name.startsWith("lmdeploy"));
    expect(
      ports.map(({ name, from, to, where, reachableBy }) => [name, from, to, where, reachableBy]),
    ).toEqual([
      ["engine", 8000, 8000, "head", "user"],
      ["lmdeploy-master", 29500, 29500, "head", "cluster"],
      ["lmdeploy-servers", 23333, 23333, "node", "cluster"],
    ]);
  });

  test("has a follower on the other node, and waits for every replica", () => {
    const { api, follower } = workload(two).engine;
    expect([api?.port, api?.healthPath, api?.servers]).toEqual([8000, "/nodes/status", 2]);
    expect(follower?.rankFlag).toBe("--node-rank");
    expect(follower?.argv.slice(0, 4)).toEqual(["lmdeploy", "serve", "api_server", "/models/m"]);
  });

  test("says so in its review", () => {
    const page = engineLines(two).join("\n");
    expect(page).toContain("- up when `GET /nodes/status` lists 2 servers");
    expect(page).toContain("--node-rank <rank>`");
  });

  test.each([
    [{ dataParallelSize: 16, port: 23340 }, [["RC031", "engine.port", "23340"]]],
    [{ dataParallelSize: 16, port: 23341 }, []],
    [
      { dataParallelSize: 16, serverPort: 65530 },
      [["RC030", "engine.ports.lmdeploy-servers", "65530-65537"]],
    ],
    [{ dataParallelSize: 2, serverPort: 6379 }, [["RC031", "engine.ports.lmdeploy-servers", "6379"]]],
  ])("has ports that nothing else takes: %j", (engine, problems) => {
    expect(found(engine)).toEqual(problems);
  });

  test("behind HAProxy have their proxy for the cluster alone, and clients TLS and keys", () => {
    const secret = SecretRef.hostFile("/root/secret");
    const plan = planned({
      ...{ dataParallelSize: 2, apiKeys: secret, tls: { certificate: secret, key: secret } },
      reverseProxy: { serverPort: 8001 },
    });
    expect(clusterEndpoint(plan)).toBe("https://10.20.0.1:8000");
    const ports = plan.ports.filter(({ name }) => name === "engine" || name.startsWith("lmdeploy"));
    expect(ports.map(({ name, from, reachableBy }) => [name, from, reachableBy])).toEqual([
      ["engine", 8000, "user"],
      ["lmdeploy-master", 29500, "cluster"],
      ["lmdeploy-servers", 23333, "cluster"],
      ["lmdeploy-proxy", 8001, "cluster"],
    ]);
    expect(found({ dataParallelSize: 2, reverseProxy: { serverPort: 8000 } })).toEqual([
      ["RC031", "engine.port", "8000"],
    ]);
  });

  test("of a known model with too few ranks is refused once", () => {
    expect(found({ dataParallelSize: 2, tensorParallelSize: 4 })).toEqual([
      ["RC101", "engine.tensorParallelSize", "tp 4 x pp 1 x dp 2 = 8 ranks"],
    ]);
  });

  test("needs memory for a replica of the attention, and a part of the feed-forward layers", () => {
    const weights = (engine: LmdeployServeProps) => planned(engine).memory?.fit.fullest.weightsGiB ?? 0;
    const whole = weights({});
    const [two8, sixteen] = [weights({ dataParallelSize: 2 }), weights({ dataParallelSize: 16 })];
    // 108.3 GiB of feed-forward layers over 16 ranks, 22.5 GiB of attention and 4.6 GiB of tables over those of a replica.
    expect([whole.toFixed(1), two8.toFixed(1), sixteen.toFixed(1)]).toEqual(["8.6", "10.2", "33.9"]);
  });

  test("of a model with experts holds whole ones on each rank", () => {
    const plan = planned({ dataParallelSize: 16, expertParallelSize: 16 }, Model.DEEPSEEK_R1_W8A8);
    // 16 of 256 experts in each of 58 layers, 3 x 7168 x 2048 bytes each: 38.1 GiB; the rest is whole on each rank.
    expect(plan.memory?.fit.fullest.weightsGiB.toFixed(1)).toBe("56.9");
  });
});
