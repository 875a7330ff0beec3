/** A Docker daemon that is stopped: the deploy fails with its name, and the cluster comes back with the daemon. */
import { emulationImageTag } from "../../lib/docker/images/emulation-image";
import { describeWith } from "../support/requirements";
import { containerOf, note, recovery, stateOf } from "./support/cluster";
import { OwnDaemon } from "./support/own-daemon";
import { DEPLOYMENT, OWN_DAEMON } from "./support/requirements";
import { smallCluster } from "./support/small-cluster";

const NAME = "e2e-daemon";

describeWith([...DEPLOYMENT, OWN_DAEMON], "a stopped Docker daemon", () => {
  const daemon = new OwnDaemon();
  const { project, cluster } = smallCluster(NAME, {
    subnetCidr: "10.89.103.0/24",
    apiPort: 8103,
    dockerHost: daemon.host,
  });

  beforeAll(async () => {
    await daemon.start();
    await daemon.load(emulationImageTag());
    const deployed = await project.deploy();
    expect(deployed.output).toContain("Apply complete!");
    expect(await completeInside()).toContain("4 of 4 ranks");
  }, 700_000);

  afterAll(async () => {
    await daemon.docker.sweep(NAME).catch(() => undefined);
    await daemon.remove();
    project.remove();
  }, 300_000);

  it("fails a deploy at once, by name, and is no reason to deploy again once it runs again", async () => {
    const since = new Date();
    await daemon.stop();
    const failed = await project.deploy(120);
    note(`without the daemon: exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s`);
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output.replace(/[\s│]+/g, " ")).toContain(
      `Cannot connect to the Docker daemon at ${daemon.host}`,
    );

    const startedAt = Date.now();
    await daemon.start();
    const found = await recovery(cluster, since, 180);
    note(`serves ${((Date.now() - startedAt) / 1000).toFixed(0)} s after the daemon's start`);
    expect(found.states).toContain("starting");
    expect((await stateOf(cluster)).state).toBe("serving");
    expect(await completeInside()).toContain("4 of 4 ranks");

    const again = await project.deploy();
    expect(again.output).toContain("Resources: 0 added, 0 changed, 0 destroyed.");
    const destroyed = await project.destroy();
    expect(destroyed.exitCode).toBe(0);
    expect(await daemon.docker.leftovers(NAME)).toEqual([]);
  }, 900_000);

  /** The daemon publishes in a network namespace of its own, so the question is asked in the container. */
  function completeInside(): Promise<string> {
    const program = [
      "import json, urllib.request",
      'body = json.dumps({"messages": [{"role": "user", "content": "Who is there?"}]}).encode()',
      'url = "http://10.89.103.10:8000/v1/chat/completions"',
      'print(json.load(urllib.request.urlopen(url, body, 30))["choices"][0]["message"]["content"])',
    ];
    return daemon.docker.output("exec", containerOf(cluster, "npu-0"), "python3", "-c", program.join("\n"));
  }
});
