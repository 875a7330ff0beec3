import { filterFacts } from "../../../lib/bootstrap/filter-facts";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { PacketFilter } from "../../../lib/topology/declaration/packet-filter";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";
import { engine } from "../../support/engines";

function portsOf(change: Parameters<typeof machineProps>[0], index = 0): readonly string[] {
  const plan = planCluster(machineProps(change), hostsPlace());
  const { apply } = filterFacts(plan, plan.nodes[index], PacketFilter.nftables());
  return apply.filter((fact) => fact.startsWith("port "));
}

const OLDER = ContainerImage.of(`registry.example/vllm@sha256:${"0123456789abcdef".repeat(4)}`, {
  rayVersion: "2.47.1",
});

describe("filterFacts", () => {
  it("closes where an older Ray runs the sessions of its client, on the head", () => {
    expect(portsOf({ image: OLDER })).toContain("port 23000-23999 cluster");
    expect(portsOf({ image: OLDER }, 1).join()).not.toContain("23000");
    expect(portsOf({}).join()).not.toContain("23000");
  });

  it("leaves the engine's API open where it lies among these", () => {
    const among = portsOf({ image: OLDER, engine: engine({ port: 23333 }) }).filter((fact) =>
      fact.startsWith("port 23"),
    );
    expect([...among].sort()).toEqual([
      "port 23000-23332 cluster",
      "port 23333 users",
      "port 23334-23999 cluster",
    ]);
  });

  it("closes no empty range beside an API at its end", () => {
    const among = portsOf({ image: OLDER, engine: engine({ port: 23000 }) });
    expect(among).toContain("port 23001-23999 cluster");
    expect(among.join()).not.toContain("22999");
  });
});
