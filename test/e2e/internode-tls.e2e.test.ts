/**
 * TLS between the nodes on real Ray: nothing that passes a node's interface can be read but the API, who has no certificate gets
 * nowhere, programs of the owner do, a killed worker comes back with another certificate, and no key is anywhere but in its container.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { complete, containerOf, expectServing, note, recovery } from "./support/cluster";
import { type CommandResult, eventually } from "./support/command";
import { DEPLOYMENT, PACKET_FILTER } from "./support/requirements";
import { holders, placesOf } from "./support/secret-search";
import { smallCluster } from "./support/small-cluster";
import { whileSniffing } from "./support/sniffer";

const NAME = "e2e-internode-tls";
const HEAD = "10.89.143.10";
const KEY = "/run/ray-cluster/tls/node.key";
const TOKEN = "/var/lib/ray-cluster/secrets/ray-token";
const RAY_STATUS = ["python3", "-m", "ray.scripts.scripts", "status"];

describeWith([...DEPLOYMENT, PACKET_FILTER], "TLS between the nodes", () => {
  const { project, cluster } = smallCluster(NAME, {
    subnetCidr: "10.89.143.0/24",
    apiPort: 8143,
    internodeTls: true,
  });
  const { docker } = cluster;
  const [head, worker] = cluster.nodes.map((node) => containerOf(cluster, node));
  const pidOf = async (container: string) => (await docker.inspect(container)).State.Pid;
  let deployed: CommandResult;

  beforeAll(async () => {
    await docker.sweep(NAME);
    deployed = await project.deploy();
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    expect(deployed.output).toContain("Apply complete!");
  }, 400_000);

  afterAll(async () => {
    await docker.sweep(NAME);
    project.remove();
  }, 200_000);

  it("serves, and the review says what is encrypted and what is not", async () => {
    await expectServing(cluster);
    const review = readFileSync(join(project.outputFolder, "review.md"), "utf8");
    expect(review).toContain("TLS except for collectives and Ray's HTTP");
    expect(review).toMatch(/\| 6379 \| gcs \|.*\| TLS \|/);
    expect(review).toMatch(/\| 6385 \| metrics-export \|.*\| unencrypted \|/);
  }, 150_000);

  it.each([6378, 6379, 6380, 6381])("shows the certificate of the head at port %d", async (port) => {
    const said = await docker.everything(
      ...["exec", worker, "openssl", "s_client", "-connect", `${HEAD}:${port}`, "-verify_ip", HEAD],
      ...["-CAfile", "/run/ray-cluster/tls/authority.crt", "-verify_return_error"],
    );
    expect(said).toContain("Verification: OK");
  });

  it("answers programs of the owner, and none that speaks in clear though it has the token", async () => {
    for (const container of [head, worker]) {
      // What it says is some seconds old.
      await eventually("ray status has both nodes", 30, async () => {
        const said = await docker.output("exec", container, ...RAY_STATUS);
        return said.match(/ node_\w+/g)?.length === 2 ? true : undefined;
      });
    }
    const inClear = ["exec", "--env", "RAY_USE_TLS=0", worker, "timeout", "20", ...RAY_STATUS];
    expect(await docker.everything(...inClear)).not.toMatch(/ node_\w+/);
  }, 120_000);

  it("brings a killed worker back with another certificate, and nobody on the network reads along", async () => {
    const token = (await docker.output("exec", head, "cat", TOKEN)).trim();
    const before = await docker.output("exec", worker, "cat", KEY);
    const inClear = [token, "PRI * HTTP/2.0", "X-Ray-Node-Signature"];
    const seen = await whileSniffing(await pidOf(head), [...inClear, "Who is there?"], async () => {
      const since = new Date();
      process.kill(await pidOf(worker), "SIGKILL");
      const found = await recovery(cluster, since, 150);
      note(`serves again after ${found.seconds.toFixed(0)} s, through ${found.states.join(", ")}`);
      await complete(cluster);
    });
    // The engine's API has no TLS of its own: what is in clear is seen.
    expect(seen.found).toEqual({
      ...Object.fromEntries(inClear.map((word) => [word, []])),
      "Who is there?": [8000],
    });
    expect(seen.tls).toEqual(expect.arrayContaining([6378, 6379, 6380]));
    expect(await docker.output("exec", worker, "cat", KEY)).not.toBe(before);
    await expectServing(cluster);
  }, 250_000);

  it("has the keys nowhere but in the containers, readable for root alone", async () => {
    const places = await placesOf(cluster, project, deployed.output);
    for (const container of [head, worker]) {
      const listing = await docker.output("exec", container, "stat", "-c", "%a %u", KEY);
      expect(listing).toBe("600 0");
      const key = (await docker.output("exec", container, "cat", KEY)).split("\n")[1];
      expect(key).toHaveLength(64);
      expect(holders(places, key)).toEqual([]);
    }
    const token = (await docker.output("exec", head, "cat", TOKEN)).trim();
    expect(holders(places, token)).toEqual([]);
    expect(places.filter(({ text, control }) => !text.includes(control))).toEqual([]);
  }, 250_000);
});
