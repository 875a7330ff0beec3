/** Four nodes with emulated GPUs answer with 32 ranks, and destroy leaves nothing. */
import { describeWith } from "../support/requirements";
import { complete, type DeployedCluster, expectServing, note } from "./support/cluster";
import { Docker } from "./support/docker";
import { Project } from "./support/project";
import { COMPILED, DEPLOYMENT } from "./support/requirements";

describeWith([...DEPLOYMENT, COMPILED], "local-4x8", () => {
  const docker = new Docker();
  const project = Project.ofStack("local-4x8");
  const cluster: DeployedCluster = {
    name: "local-4x8",
    nodes: ["gpu-0", "gpu-1", "gpu-2", "gpu-3"],
    ranks: 32,
    url: "http://127.0.0.1:8001",
    docker,
  };
  let ours = false;

  afterAll(async () => {
    if (ours) {
      await docker.sweep(cluster.name);
    }
    project.remove();
  }, 200_000);

  it("answers with 32 ranks on four nodes, and goes without a trace", async () => {
    expect({ inTheWay: await docker.leftovers(cluster.name) }).toEqual({ inTheWay: [] });
    ours = true;
    const deployed = await project.deploy();
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    expect(deployed.output).toContain("Resources: 7 added, 0 changed, 0 destroyed.");
    expect(await complete(cluster)).toBe(
      "32 of 32 ranks: gpu-0 (10.89.48.10) ranks 0-7 on GPU 0-7; gpu-1 (10.89.48.11) ranks 8-15 on GPU 0-7; " +
        "gpu-2 (10.89.48.12) ranks 16-23 on GPU 0-7; gpu-3 (10.89.48.13) ranks 24-31 on GPU 0-7",
    );
    await expectServing(cluster);

    const destroyed = await project.destroy();
    note(`cdktf destroy: ${destroyed.seconds.toFixed(0)} s`);
    expect(destroyed.exitCode).toBe(0);
    expect(await docker.leftovers(cluster.name)).toEqual([]);
  }, 700_000);
});
