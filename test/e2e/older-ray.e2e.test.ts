/** A Ray version without authentication: the deploy says so, and the cluster recovers like any other. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { containerOf, expectServing, note, recovery, stateOf } from "./support/cluster";
import { DEPLOYMENT, emulationImage, OLDER_RAY } from "./support/requirements";
import { smallCluster } from "./support/small-cluster";

const NAME = "e2e-older-ray";

describeWith(
  [...DEPLOYMENT, emulationImage(OLDER_RAY)],
  `Ray ${OLDER_RAY}, which has no authentication`,
  () => {
    const { project, cluster } = smallCluster(NAME, {
      subnetCidr: "10.89.104.0/24",
      apiPort: 8104,
      rayVersion: OLDER_RAY,
    });
    const { docker } = cluster;
    const [head, worker] = cluster.nodes.map((node) => containerOf(cluster, node));

    beforeAll(async () => {
      await docker.sweep(NAME);
      const deployed = await project.deploy();
      note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
      expect(deployed.output).toContain("Apply complete!");
    }, 400_000);

    afterAll(async () => {
      await docker.sweep(NAME);
      project.remove();
    }, 200_000);

    it("serves", async () => {
      await expectServing(cluster);
    }, 150_000);

    it("is said plainly to be open: in the review, in the state and in the log", async () => {
      const review = readFileSync(join(project.outputFolder, "review.md"), "utf8");
      expect(review).toMatch(/no authentication/i);
      const found = await stateOf(cluster);
      expect(found.authentication).toBe("none");
      expect(found.warnings.join("\n")).toContain("no authentication");
      for (const container of [head, worker]) {
        expect(await docker.everything("logs", container)).toContain("no authentication");
      }
      const files = await docker.output("exec", head, "ls", "/var/lib/ray-cluster");
      // The token of the nodes' own channel; Ray gets none.
      expect(files.split("\n")).toEqual(["secrets", "state"]);
    }, 150_000);

    it("recovers from a head container that is killed", async () => {
      const since = new Date();
      process.kill((await docker.inspect(head)).State.Pid, "SIGKILL");
      const found = await recovery(cluster, since, 150);
      note(`serves again after ${found.seconds.toFixed(0)} s, through ${found.states.join(", ")}`);
      await expectServing(cluster);
    }, 250_000);

    it("is taken away without a trace", async () => {
      expect((await project.destroy()).exitCode).toBe(0);
      expect(await docker.leftovers(NAME)).toEqual([]);
    }, 200_000);
  },
);
