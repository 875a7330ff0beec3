/**
 * A model is fetched once for three disks and once for two clusters on one folder; a killed head resumes; no
 * token, no access and no room each fail the deploy with reason and node.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { containerOf, expectServing, gateLog, note } from "./support/cluster";
import { eventually } from "./support/command";
import { Docker } from "./support/docker";
import { MODEL_FOLDER, ModelTestCluster, type ModelClusterChoice } from "./support/model-cluster";
import { modelBytes, ModelHub, sentBytes } from "./support/model-hub";
import { DEPLOYMENT } from "./support/requirements";
import { holders, placesOf } from "./support/secret-search";

const NAME = "e2e-model";
/** Opens nothing but the test's own hub. */
const TOKEN = "hf_e2eStagingTokenThatOpensNothing";
const FIRST = "model-00001-of-00004.safetensors";
const LAST = "model-00004-of-00004.safetensors";
/** The client of the hub writes to the disk in pieces of this size; less is lost when it is killed. */
const PIECE_BYTES = 256 * 1024;

describeWith([...DEPLOYMENT], "a model on its way to the nodes", () => {
  const hub = new ModelHub();
  let folder: string;
  let made: ModelTestCluster[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "e2e-model-"));
    await hub.start(new Docker());
  }, 150_000);

  beforeEach(() => hub.behave());

  afterEach(async () => {
    await Promise.all(made.map((cluster) => cluster.remove()));
    made = [];
  }, 240_000);

  afterAll(() => {
    hub.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function cluster(choice: Partial<ModelClusterChoice>, name = NAME): Promise<ModelTestCluster> {
    const usual = { subnetCidr: "10.89.135.0/24", apiPort: 8135, nodes: 1 };
    const found = new ModelTestCluster(name, hub, { ...usual, ...choice });
    made.push(found);
    await found.cluster.docker.sweep(name);
    return found;
  }

  function tokenFile(text: string): string {
    const file = join(folder, "token");
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  it("is fetched once for three disks, with a token that stays a secret", async () => {
    await hub.behave({
      gated: true,
      tokens: [TOKEN],
      members: [TOKEN],
      bytesPerSecond: { [FIRST]: 500_000 },
    });
    const three = await cluster({ nodes: 3, tokenFile: tokenFile(`${TOKEN}\n`) });
    const deployed = await three.project.deploy();
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    expect(deployed.output).toContain("is serving after");
    expect(deployed.exitCode).toBe(0);

    const count = await hub.count();
    expect(sentBytes(count)).toBe(modelBytes(count));
    for (const node of three.cluster.nodes) {
      await three.expectModel(node, count);
    }
    await expectServing(three.cluster);
    // Progress is in the output of deploy: who has it, how much of what, how fast and how long.
    expect(deployed.output).toMatch(
      /staging: the model is complete on 0 of 3 nodes: npu-0 fetches [\d.]+ MB of 16\.0 MB \(\d+ %\), \d of 6 files, [\d.]+ \wB\/s, \d+ s left; npu-1 /,
    );
    expect((await three.state()).history.map(({ state }) => state)).toContain("staging");
    const environment = await three.exec(
      "npu-1",
      "sh",
      "-c",
      "cat /proc/*/environ | tr '\\0' '\\n' | sort -u",
    );
    expect(environment).toContain("HF_HUB_OFFLINE=1");

    // As an engine, a job or a model's code could look for it. The brackets keep the search from finding itself.
    const words = `[${TOKEN[0]}]${TOKEN.slice(1)}`;
    const folders = "/run /etc /tmp /root /var /proc/[0-9]*/environ /proc/[0-9]*/mountinfo";
    const found = () => three.exec("npu-0", "sh", "-c", `grep -rsl '${words}' ${folders} || true`);
    expect(await found()).toBe("");
    await three.exec("npu-0", "sh", "-c", `echo ${TOKEN} >/tmp/copy`);
    expect(await found()).toBe("/tmp/copy");
    await three.exec("npu-0", "rm", "/tmp/copy");
    for (const node of ["npu-0", "npu-1"]) {
      await expect(three.exec(node, "ls", "/run/secrets/ray-cluster")).rejects.toThrow("No such file");
    }
    const places = await placesOf(three.cluster, three.project, deployed.output);
    expect(places.filter(({ text, control }) => !text.includes(control)).map(({ name }) => name)).toEqual([]);
    expect(holders(places, TOKEN)).toEqual([]);

    // No deployment hands it over now; the model is there.
    const { since } = await three.state();
    await three.cluster.docker.output("restart", containerOf(three.cluster, "npu-0"));
    await eventually("the restarted head serves", 150, async () => {
      const state = await three.state();
      return state.state === "serving" && state.since !== since ? true : undefined;
    });
    expect(await found()).toBe("");

    expect((await three.project.destroy()).exitCode).toBe(0);
    expect(await three.cluster.docker.leftovers(NAME)).toEqual([]);
  }, 400_000);

  it("goes on where it was when the head is killed in the middle", async () => {
    // The head that comes back has no token: the readiness check hands it over again.
    await hub.behave({
      gated: true,
      tokens: [TOKEN],
      members: [TOKEN],
      bytesPerSecond: { [LAST]: 400_000 },
    });
    const two = await cluster({ nodes: 2, tokenFile: tokenFile(`${TOKEN}\n`) });
    const deploying = two.project.deploy();
    await eventually("three of four weights are there, the last one on its way", 90, async () => {
      const { sent, files } = await hub.count();
      const whole = Object.keys(files).filter((file) => file !== LAST && sent[file] === files[file].size);
      return whole.length === Object.keys(files).length - 1 && (sent[LAST] ?? 0) > 1_000_000
        ? true
        : undefined;
    });
    await eventually("the head has them, too", 20, async () => {
      const found = (await two.state()).staging?.progress;
      return found && found.bytes_done > found.bytes_total - 3_000_000 ? true : undefined;
    });
    const before = await hub.count();
    const head = containerOf(two.cluster, "npu-0");
    process.kill((await two.cluster.docker.inspect(head)).State.Pid, "SIGKILL");

    const deployed = await deploying;
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    expect(deployed.exitCode).toBe(0);
    expect((await two.cluster.docker.inspect(head)).RestartCount).toBeGreaterThan(0);
    const after = await hub.count();
    expect(before.sent[LAST]).toBeLessThan(before.files[LAST].size);
    for (const [file, { size }] of Object.entries(after.files)) {
      expect([file, (after.sent[file] ?? 0) - size]).toEqual([file, file === LAST ? expect.any(Number) : 0]);
    }
    expect((after.sent[LAST] ?? 0) - after.files[LAST].size).toBeLessThan(PIECE_BYTES * 1.2);
    for (const node of two.cluster.nodes) {
      await two.expectModel(node, after);
    }
    await expectServing(two.cluster);
  }, 400_000);

  it("is fetched once for two clusters on one shared folder, which do not collide", async () => {
    await hub.behave({ bytesPerSecond: { [FIRST]: 250_000 } });
    const shared = mkdtempSync(join(folder, "shared-"));
    const both = [
      await cluster({ sharedFolder: shared }, `${NAME}-a`),
      await cluster({ sharedFolder: shared, subnetCidr: "10.89.136.0/24", apiPort: 8136 }, `${NAME}-b`),
    ];
    const deployed = await Promise.all(both.map(({ project }) => project.deploy()));
    note(`cdktf deploy: ${deployed.map(({ seconds }) => seconds.toFixed(0)).join(" s and ")} s`);
    expect(deployed.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const count = await hub.count();
    expect(sentBytes(count)).toBe(modelBytes(count));
    // The one that came second waited for the first, and said so.
    const waited = deployed.filter(({ output }) =>
      /npu-0 waits.*, npu-0 of cluster 'e2e-model-[ab]' fetches the model/.test(output),
    );
    expect(waited).toHaveLength(1);
    const own = join(shared, MODEL_FOLDER.replace("/models/", ""), ".staging");
    // The second may still take one between the first's last file and its manifest; it finds nothing to fetch then.
    expect(readdirSync(join(own, "leases")).length).toBeLessThanOrEqual(2);
    const manifest = JSON.parse(readFileSync(join(own, "manifest.json"), "utf8")) as { bytes: number };
    expect(manifest.bytes).toBe(modelBytes(count));
    for (const one of both) {
      await one.expectModel("npu-0", count);
      await expectServing(one.cluster);
    }
  }, 400_000);

  it.each([
    {
      what: "gated, and no token is given",
      behaviour: { gated: true },
      choice: {},
      says: /culprit: npu-0 \(10\.89\.135\.10\)\n.*reason: the model is not staged, token-missing: maker\/model-16m is gated and no token is given; ask for access at http/,
    },
    {
      what: "gated, and the token's account has no access",
      behaviour: { gated: true, tokens: [TOKEN] },
      choice: { token: TOKEN },
      says: /culprit: npu-0 \(10\.89\.135\.10\)\n.*reason: the model is not staged, gated-model: .*the token's account has no access/,
    },
    {
      what: "there for a token, and its file is empty",
      behaviour: { gated: true },
      choice: { token: "" },
      says: /culprit: npu-0 \(10\.89\.135\.10\)\n.*reason: the model is not staged, token-missing: the token file .* holds no token/,
    },
    {
      what: "larger than the disk of one node",
      behaviour: {},
      choice: { nodes: 2, smallDiskMiB: 8 },
      says: /culprit: npu-1 \(10\.89\.135\.11\)\n.*reason: the model is not staged, disk-full: .* on npu-1 has [\d.]+ MB free, 16\.0 MB are still to come/,
    },
  ])(
    "fails a deployment at once when it is $what",
    async ({ behaviour, choice, says }) => {
      await hub.behave(behaviour);
      const { token, ...rest } = { token: undefined, ...choice };
      const refused = await cluster({
        ...rest,
        tokenFile: token === undefined ? undefined : tokenFile(token),
      });
      const failed = await refused.project.deploy();
      const said = await gateLog(refused.cluster);
      const block = said.slice(said.indexOf(`cluster '${NAME}' is not serving`));
      note(`exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s\n${block.slice(0, 800)}`);
      expect(failed.exitCode).not.toBe(0);
      expect(failed.output).toContain(`cluster '${NAME}' is not serving`);
      expect(block).toMatch(says);
      expect(failed.output + said).not.toContain(TOKEN);
      // Far below the deadline: waiting would not have helped.
      const history = (await refused.state()).history.map(({ state, at }) => ({ state, at: Date.parse(at) }));
      const began = history.find(({ state }) => state === "staging")?.at ?? 0;
      const ended = history.find(({ state }) => state === "failed")?.at ?? Infinity;
      expect(ended - began).toBeLessThan(10_000);
    },
    300_000,
  );
});
