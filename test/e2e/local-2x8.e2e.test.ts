/**
 * A deploy returns when every rank answers; a second deploy plans no change; one port is open, on loopback; the
 * token is nowhere to be found; destroy leaves nothing.
 */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { complete, containerOf, type DeployedCluster, expectServing, note } from "./support/cluster";
import { type CommandResult, run } from "./support/command";
import { developmentPython } from "../tools/development-python";
import { Docker } from "./support/docker";
import { Project } from "./support/project";
import { COMPILED, DEPLOYMENT, JQ } from "./support/requirements";
import { holders, placesOf } from "./support/secret-search";

const OUTSIDE = "e2e-outside";

describeWith([...DEPLOYMENT, COMPILED, JQ], "local-2x8", () => {
  const docker = new Docker();
  const project = Project.ofStack("local-2x8");
  const cluster: DeployedCluster = {
    name: "local-2x8",
    nodes: ["npu-0", "npu-1"],
    ranks: 16,
    url: "http://127.0.0.1:8000",
    docker,
  };
  let deployed: CommandResult;

  beforeAll(async () => {
    // It may be somebody's demo: that is not ours to take away.
    expect({ inTheWay: await docker.leftovers(cluster.name) }).toEqual({ inTheWay: [] });
    deployed = await project.deploy();
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
  }, 400_000);

  afterAll(async () => {
    await docker.everything("network", "rm", OUTSIDE);
    if (deployed) {
      await docker.sweep(cluster.name);
    }
    project.remove();
  }, 200_000);

  it("has been deployed only when it serves", async () => {
    expect(deployed.output).toContain("Apply complete! Resources: 6 added, 0 changed, 0 destroyed.");
    expect(deployed.exitCode).toBe(0);
    // The first look after the deploy, without any wait.
    expect(await complete(cluster)).toBe(
      "16 of 16 ranks: npu-0 (10.89.28.10) ranks 0-7 on NPU 0-7; npu-1 (10.89.28.11) ranks 8-15 on NPU 0-7",
    );
    await expectServing(cluster);
  }, 150_000);

  it("shows the progress and the table of nodes in the output of deploy", () => {
    expect(deployed.output).toMatch(/npu-0 +10\.89\.28\.10 +8 of 8/);
    expect(deployed.output).toMatch(/npu-1 +10\.89\.28\.11 +8 of 8/);
    expect(deployed.output).toContain("16 of 16 ranks");
    expect(deployed.output).toContain("http://127.0.0.1:8000");
  });

  it("streams", async () => {
    const response = await fetch(`${cluster.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ stream: true, messages: [{ role: "user", content: "Who is there?" }] }),
    });
    const events = (await response.text()).trim().split("\n\n");
    expect(events.pop()).toBe("data: [DONE]");
    const chunks = events.map((event) => JSON.parse(event.replace(/^data: /, "")));
    const text = chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join("");
    expect(text).toBe(await complete(cluster));
  });

  it("answers both examples for users: curl, and the OpenAI client", async () => {
    const answer = await complete(cluster);
    const example = (file: string) => join(__dirname, "../../stacks/inference_test", file);
    const options = { timeoutSeconds: 60 };
    const curl = await run(example("inference_test.sh"), [cluster.url], options);
    expect([curl.exitCode, curl.stdout]).toEqual([0, `${answer}\n`]);
    const python = [example("inference_test.py"), cluster.url];
    const client = await run(await developmentPython(), python, options);
    expect([client.exitCode, client.stdout]).toEqual([0, `${answer}\n`]);
    expect(client.output).toContain("serves 'emulated'");
    for (const program of [[example("inference_test.sh")], [await developmentPython(), python[0]]]) {
      const nobody = await run(program[0], [...program.slice(1), "http://127.0.0.1:9"], options);
      expect(nobody.exitCode).toBe(1);
      expect(nobody.output).toContain("error: http://127.0.0.1:9");
    }
  }, 300_000);

  it("writes the review beside the stack", () => {
    const review = readFileSync(join(project.outputFolder, "review.md"), "utf8");
    expect(review).toContain("10.89.28.11");
    expect(review).toContain("token");
  });

  it("publishes the engine's API on loopback and nothing else", async () => {
    const published: { [container: string]: unknown } = {};
    for (const container of await docker.containers(cluster.name)) {
      const { HostConfig } = await docker.inspect(container);
      if (Object.keys(HostConfig.PortBindings ?? {}).length > 0) {
        published[container] = HostConfig.PortBindings;
      }
    }
    expect(published).toEqual({
      "local-2x8-npu-0": { "8000/tcp": [{ HostIp: "127.0.0.1", HostPort: "8000" }] },
    });
    const foreign = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter((address) => address.family === "IPv4" && !address.internal);
    for (const { address } of foreign) {
      const get = fetch(`http://${address}:8000/health`, { signal: AbortSignal.timeout(5000) });
      await expect(get).rejects.toThrow();
    }
  }, 150_000);

  it("lets nobody on another network reach a port of Ray", async () => {
    const head = containerOf(cluster, "npu-0");
    const { Config } = JSON.parse(await docker.output("inspect", head))[0];
    await docker.output("network", "create", "--subnet", "10.89.199.0/24", OUTSIDE);
    const inside = ["exec", containerOf(cluster, "npu-1")];
    const outside = ["run", "--rm", "--network", OUTSIDE, Config.Image];
    for (const port of [6378, 6379, 6380, 8000]) {
      expect([port, await docker.output(...inside, ...reach("10.89.28.10", port))]).toEqual([port, "open"]);
      expect([port, await docker.output(...outside, ...reach("10.89.28.10", port))]).toEqual([port, "shut"]);
    }
  }, 240_000);

  it("keeps the token out of state, plan, inspect, command lines, environments and logs", async () => {
    const head = containerOf(cluster, "npu-0");
    const token = await docker.output("exec", head, "cat", "/var/lib/ray-cluster/secrets/ray-token");
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    const mode = await docker.output(
      "exec",
      head,
      "stat",
      "-c",
      "%a",
      "/var/lib/ray-cluster/secrets/ray-token",
    );
    expect(mode).toBe("600");

    const places = await placesOf(cluster, project, deployed.output);
    expect(places.filter((place) => !place.text.includes(place.control)).map((place) => place.name)).toEqual(
      [],
    );
    expect(holders(places, token)).toEqual([]);
    // The search itself finds what is there.
    expect(holders([{ name: "here", text: `x${token}x`, control: "" }], token)).toEqual(["here"]);
  }, 240_000);

  it("plans no change in a second deploy", async () => {
    const before = await ids(docker, cluster);
    const again = await project.deploy();
    expect(again.output).toContain("No changes. Your infrastructure matches the configuration.");
    expect(again.output).toContain("Resources: 0 added, 0 changed, 0 destroyed.");
    expect(again.exitCode).toBe(0);
    expect(await ids(docker, cluster)).toEqual(before);
  }, 400_000);

  it("leaves no container, network or volume behind", async () => {
    expect(await docker.leftovers(cluster.name)).toHaveLength(5);
    const destroyed = await project.destroy();
    note(`cdktf destroy: ${destroyed.seconds.toFixed(0)} s`);
    expect(destroyed.exitCode).toBe(0);
    expect(await docker.leftovers(cluster.name)).toEqual([]);
  }, 300_000);
});

async function ids(docker: Docker, cluster: DeployedCluster): Promise<string[]> {
  const containers = await docker.containers(cluster.name);
  return Promise.all(containers.map(async (name) => (await docker.inspect(name)).Id));
}

function reach(address: string, port: number): string[] {
  const program = [
    "import socket, sys",
    "peer = socket.socket()",
    "peer.settimeout(2)",
    "print('shut' if peer.connect_ex((sys.argv[1], int(sys.argv[2]))) else 'open')",
  ];
  return ["python3", "-c", program.join("\n"), address, String(port)];
}
