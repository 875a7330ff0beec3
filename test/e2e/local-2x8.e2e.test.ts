/**
 * A deploy returns when every rank answers; a second deploy plans no change; one port is open, on loopback; the
 * token is nowhere to be found; its owner looks at it, uses it and gets an archive for help; destroy leaves nothing.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { complete, containerOf, type DeployedCluster, expectServing, note } from "./support/cluster";
import { type CommandResult, eventually, run } from "./support/command";
import { developmentPython } from "../tools/development-python";
import { Docker } from "./support/docker";
import { OWN_PROGRAM } from "./support/hosts-project";
import { owner, whileOwner } from "./support/owner";
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

  it("keeps every container from what no node needs", async () => {
    for (const container of await docker.containers(cluster.name)) {
      const [{ Config, HostConfig }] = JSON.parse(await docker.output("inspect", container));
      expect(Config.User).toBe("0");
      expect(HostConfig.Privileged).toBe(false);
      expect(HostConfig.CapAdd ?? []).toEqual([]);
      expect(HostConfig.CapDrop).toEqual(["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"]);
      expect(HostConfig.SecurityOpt).toEqual(["no-new-privileges"]);
      expect(HostConfig.LogConfig).toMatchObject({
        Type: "local",
        Config: { mode: "non-blocking", "max-buffer-size": "4m", "max-size": "20m", "max-file": "5" },
      });
    }
    const raw = "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)";
    const refused = await docker.everything("exec", containerOf(cluster, "npu-0"), "python3", "-c", raw);
    expect(refused).toContain("PermissionError");
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

  it.each(cluster.nodes)(
    "lets programs in the container of %s use Ray",
    async (node) => {
      const inside = ["exec", containerOf(cluster, node)];
      expect(await docker.output(...inside, "ray", "status")).toMatch(/16\.0\/16\.0 NPU/);
      const nodes = "import ray; ray.init(); print(len(ray.nodes()), 'nodes')";
      expect(await docker.output(...inside, "python3", "-c", nodes)).toMatch(/^2 nodes$/m);
    },
    120_000,
  );

  it("shows its owner where all nodes stand", async () => {
    const shown = await owner(project, "status");
    expect([shown.exitCode, shown.stdout]).toEqual([
      0,
      expect.stringMatching(/^cluster local-2x8: serving for .*; 2 of 2 nodes healthy$/m),
    ]);
    expect(shown.stdout).toMatch(/^npu-1 +worker +10\.89\.28\.11 +serving .* healthy$/m);
    const { stdout } = await owner(project, "status", ["--json"]);
    const [found] = JSON.parse(stdout) as { culprit: null; nodes: { name: string; healthy: boolean }[] }[];
    expect([found.culprit, found.nodes.map(({ name, healthy }) => [name, healthy])]).toEqual([
      null,
      [
        ["npu-0", true],
        ["npu-1", true],
      ],
    ]);
  }, 120_000);

  it("runs programs of its owner with the variables of a node, and passes on how they end", async () => {
    const status = await owner(project, "run", ["--", "ray", "status"]);
    expect([status.exitCode, status.stdout]).toEqual([0, expect.stringContaining("/16.0 NPU")]);
    const show = ["--node", "npu-1", "--", "sh", "-c", "echo $HCCL_IF_IP $GLOO_SOCKET_IFNAME; exit 7"];
    const variables = await owner(project, "run", show);
    expect([variables.exitCode, variables.stdout]).toEqual([7, "10.89.28.11 eth0\n"]);
    const nobody = await owner(project, "run", ["--node", "npu-7", "--", "true"]);
    expect([nobody.exitCode, nobody.output]).toEqual([
      1,
      expect.stringContaining("Its nodes: npu-0, npu-1."),
    ]);
    const shell = execFileSync("node", [...OWN_PROGRAM, "shell", cluster.name], {
      cwd: project.folder,
      input: "hostname; exit\n",
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(shell).toBe("npu-0\n");
  }, 240_000);

  it("gives its owner the logs of all nodes", async () => {
    const { exitCode, stdout } = await owner(project, "logs", ["--lines", "5000"]);
    expect(exitCode).toBe(0);
    for (const node of cluster.nodes) {
      expect(stdout).toMatch(new RegExp(`^${node} \\| .* serving `, "m"));
    }
    await whileOwner(project, "logs", ["--follow", "--lines", "1"], async (said) => {
      await eventually("lines of both nodes", 30, () =>
        Promise.resolve(/^npu-0 \| /m.test(said()) && /^npu-1 \| /m.test(said()) ? true : undefined),
      );
    });
  }, 240_000);

  it("forwards a port to its owner, and says that there is no dashboard without its packages", async () => {
    await whileOwner(project, "forward", ["api", "--local-port", "18000"], async (said) => {
      expect(said()).toContain("http://127.0.0.1:18000 is port 8000 of npu-0");
      const both = ["/health", "/v1/models"].map((path) => fetch(`http://127.0.0.1:18000${path}`));
      expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    });
    await expect(fetch("http://127.0.0.1:18000/health")).rejects.toThrow();
    const dashboard = await owner(project, "forward", ["dashboard"]);
    expect([dashboard.exitCode, dashboard.output]).toEqual([1, expect.stringContaining("`ray[default]`")]);
    const taken = await owner(project, "forward", ["api"]);
    expect([taken.exitCode, taken.output]).toEqual([1, expect.stringContaining("port 8000 of this machine")]);
  }, 240_000);

  it("writes an archive for whoever helps its owner, without the token", async () => {
    const archive = join(project.folder, "help.tar.gz");
    const written = await owner(project, "doctor", ["--file", archive]);
    expect([written.exitCode, written.output]).toEqual([0, expect.stringContaining(`written: ${archive}`)]);
    const names = (await run("tar", ["-tzf", archive], { timeoutSeconds: 30 })).stdout;
    for (const node of cluster.nodes) {
      for (const file of ["state.json", "node.log", "container.txt", "ray-status.txt", "ray/raylet.out"]) {
        expect(names).toContain(`help/local-2x8/${node}/${file}\n`);
      }
    }
    expect(names).toContain("help/local-2x8/npu-0/engine/engine.log\n");
    const { stdout } = await run("tar", ["-xzOf", archive], { timeoutSeconds: 30 });
    const head = containerOf(cluster, "npu-0");
    const token = await docker.output("exec", head, "cat", "/var/lib/ray-cluster/secrets/ray-token");
    expect(stdout.includes(token)).toBe(false);
    // The same archive holds what is there.
    expect(stdout).toContain("16 of 16 ranks");
    const again = await owner(project, "doctor", ["--file", archive]);
    expect([again.exitCode, again.output]).toEqual([1, expect.stringContaining("exists")]);
  }, 300_000);

  it("plans no change in a second deploy", async () => {
    const before = await ids(docker, cluster);
    const again = await project.deploy();
    expect(again.output).toContain("No changes. Your infrastructure matches the configuration.");
    expect(again.output).toContain("Resources: 0 added, 0 changed, 0 destroyed.");
    expect(again.exitCode).toBe(0);
    expect(await ids(docker, cluster)).toEqual(before);
  }, 400_000);

  it("names a node that has stopped first", async () => {
    await docker.output("stop", "--time", "1", containerOf(cluster, "npu-1"));
    const shown = await owner(project, "status");
    expect([shown.exitCode, shown.stdout]).toEqual([1, expect.stringContaining("  culprit   npu-1")]);
    const rows = shown.stdout.split("\n").filter((line) => line.startsWith("npu-"));
    expect(rows.map((row) => row.split(" ")[0])).toEqual(["npu-1", "npu-0"]);
    expect(rows[0]).toMatch(/[Cc]ontainer .* is not running$/);
  }, 120_000);

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
