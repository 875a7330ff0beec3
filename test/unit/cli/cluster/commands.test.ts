import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectedTexts, doctor } from "../../../../lib/cli/cluster/doctor";
import { forward } from "../../../../lib/cli/cluster/forward";
import { logs } from "../../../../lib/cli/cluster/logs";
import { runOnNode, shellOnNode } from "../../../../lib/cli/cluster/run-on-node";
import { status } from "../../../../lib/cli/cluster/status";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";
import { EC2, LOCAL, outputOf, stateText } from "./support";

const TAR = execFileSync("sh", ["-c", "command -v tar"], { encoding: "utf8" }).trim();
const GZIP = execFileSync("sh", ["-c", "command -v gzip"], { encoding: "utf8" }).trim();
const HEAD = stateText();
const WORKER = stateText({
  node: "npu-1",
  role: "worker",
  address: "10.89.28.11",
  reason: "head: all is well",
});
const STATUS: readonly Answer[] = [
  `exec c1-npu-0 *status --json|0|${HEAD}`,
  `exec c1-npu-1 *status --json|0|${WORKER}`,
];
const GONE = "exec c1-npu-1 *|1|Error response from daemon: container 0f0f is not running" as const;

let folder: string;
let fakes: FakePrograms | undefined;
const output = outputOf("app", LOCAL);
const choice = { stack: "app", output };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ray-cluster-commands-"));
});
afterEach(() => {
  fakes?.restore();
  fakes = undefined;
  rmSync(folder, { recursive: true });
});
afterAll(() => {
  rmSync(output, { recursive: true });
});

function docker(...answers: readonly Answer[]): void {
  fakes = new FakePrograms({ docker: answers }, { tar: TAR, gzip: GZIP });
}

/** What a command writes, and how it ends. */
async function written<T>(work: (write: (text: string) => void, stopped: AbortSignal) => Promise<T>) {
  let text = "";
  const write = (part: string): void => {
    text += part;
  };
  try {
    return { result: await work(write, new AbortController().signal), text, error: "" };
  } catch (error) {
    return { result: undefined, text, error: String(error) };
  }
}

describe("status", () => {
  const ask = (json = false) => written((write) => status(choice, { json }, write));

  it("of a healthy cluster is true", async () => {
    docker(...STATUS);
    const { result, text } = await ask();
    expect(result).toBe(true);
    expect(text).toMatch(/^cluster c1: serving for .*; 2 of 2 nodes healthy\n/);
  });

  it("names a node that does not answer as culprit, first, and is false", async () => {
    docker(STATUS[0], GONE);
    const { result, text } = await ask();
    expect(result).toBe(false);
    expect(text).toContain("  culprit   npu-1: container 0f0f is not running\n");
    expect(text.split("\n").filter((line) => line.startsWith("npu-"))[0]).toMatch(
      /^npu-1 +worker +- +- +- +container/,
    );
  });

  it("believes the head about the culprit", async () => {
    const culprit = { name: "npu-1", address: "10.89.28.11", reason: "clock" };
    docker(`exec c1-npu-0 *|1|${stateText({ culprit, state: "failed", healthy: false })}`, STATUS[1]);
    // The program says it on its standard output whatever its exit code, which the stand-in does not.
    docker(`exec c1-npu-0 *|0|${stateText({ culprit, state: "failed", healthy: false })}`, STATUS[1]);
    expect((await ask()).text).toContain("  culprit   npu-1 (10.89.28.11): clock\n");
  });

  it("is data on request", async () => {
    docker(STATUS[0], GONE);
    const [found] = JSON.parse((await ask(true)).text);
    expect(found).toMatchObject({
      cluster: "c1",
      culprit: { name: "npu-1" },
      nodes: [
        { name: "npu-1", healthy: false, state: null },
        { name: "npu-0", healthy: true, state: { state: "serving" } },
      ],
    });
  });

  it("without Docker says so for every node", async () => {
    fakes = new FakePrograms({});
    expect((await ask()).text).toContain("docker is not installed on this machine");
  });
});

describe("logs", () => {
  it("are those of all nodes, the culprit's first", async () => {
    docker(STATUS[0], GONE, "logs * c1-npu-0|0|a\\nb", "logs * c1-npu-1|0|c");
    const { text, error } = await written((write, stopped) => logs(choice, {}, write, stopped));
    expect([text, error]).toEqual(["npu-1 | c\nnpu-0 | a\nnpu-0 | b\n", ""]);
    expect(fakes?.calls()).toContain("docker logs --tail 100 c1-npu-0");
  });

  it("of one node have the number of lines that was asked for", async () => {
    docker("logs * c1-npu-1|0|c");
    const options = { node: "npu-1", lines: "7" };
    expect((await written((write, stopped) => logs(choice, options, write, stopped))).text).toBe(
      "npu-1 | c\n",
    );
    expect(fakes?.calls()).toEqual(["docker logs --tail 7 c1-npu-1"]);
  });

  it("of a node that does not give them are an error, after those of the others", async () => {
    docker(
      ...STATUS,
      "logs * c1-npu-0|0|a",
      "logs * c1-npu-1|1|Error response from daemon: No such container: c1-npu-1",
    );
    const { text, error } = await written((write, stopped) => logs(choice, {}, write, stopped));
    expect(text).toContain("npu-0 | a\n");
    expect(error).toBe("no log of:\n  npu-1: No such container: c1-npu-1");
  });

  it.each(["-1", "1.5", "all", ""])("refuse %p lines", async (lines) => {
    docker();
    const { error } = await written((write, stopped) => logs(choice, { lines }, write, stopped));
    expect(error).toBe(`--lines must be a whole number, got '${lines}'`);
  });

  it("are followed on all nodes until somebody stops them", async () => {
    docker(...STATUS, "logs --tail 100 --follow c1-npu-0|0|a", "logs --tail 100 --follow c1-npu-1|0|c");
    const { text } = await written((write, stopped) => logs(choice, { follow: true }, write, stopped));
    expect(text.split("\n").sort()).toEqual(["", "npu-0 | a", "npu-1 | c"]);
  });
});

describe("run and shell", () => {
  it.each<[string, () => Promise<number>, string, number]>([
    [
      "a program on the head",
      () => runOnNode(choice, ["ray", "status"], {}),
      "c1-npu-0 python3 -m ray_node run -- ray status",
      7,
    ],
    [
      "a program on a node",
      () => runOnNode(choice, ["x"], { node: "npu-1" }),
      "c1-npu-1 python3 -m ray_node run -- x",
      0,
    ],
    ["a shell", () => shellOnNode(choice, {}), "c1-npu-0 python3 -m ray_node run -- bash", 7],
  ])("%s ends with the exit code of the program", async (_, work, call, code) => {
    docker(
      "exec -i * c1-npu-0 *|7|",
      "exec -i c1-npu-0 *|7|",
      "exec -i c1-npu-1 *|0|",
      "exec -i * c1-npu-1 *|0|",
    );
    expect(await work()).toBe(code);
    expect(fakes?.calls()[0]).toMatch(new RegExp(`^docker exec -i (-t )?${call}$`));
  });

  it("without Docker are an error", async () => {
    fakes = new FakePrograms({});
    await expect(runOnNode(choice, ["x"], {})).rejects.toThrow("docker is not installed");
  });

  it("a program on EC2 ends with the exit code that came after the second mark", async () => {
    // Answers as Session Manager does: the session's noise, and the marks of the command.
    const aws = join(folder, "aws");
    const lines = [
      "#!/bin/bash",
      'if [ "$1" = ec2 ]; then echo "[]"; exit; fi',
      'mark=$(expr "$*" : ".*\\(ray-cluster-[0-9a-f]\\{24\\}\\)")',
      'printf "\\nStarting session with SessionId: me\\r\\n\\n$mark\\r\\nall well\\r\\n\\r\\n$mark 5\\r\\n\\nExiting session\\n"',
    ];
    writeFileSync(aws, `${lines.join("\n")}\n`);
    chmodSync(aws, 0o755);
    const expr = execFileSync("sh", ["-c", "command -v expr"], { encoding: "utf8" }).trim();
    const attributes = { id: "i-head", name: "group" };
    const resources = [
      ["data", "aws_region", "llama_region_1"],
      ["managed", "aws_instance", "llama_head_2"],
      ["managed", "aws_autoscaling_group", "llama_workers_3"],
    ].map(([mode, type, name]) => ({ mode, type, name, instances: [{ attributes }] }));
    fakes = new FakePrograms({ terraform: [`*|0|${JSON.stringify({ resources })}`] }, { aws, expr });
    const printed = jest.spyOn(process.stdout, "write").mockReturnValue(true);
    const ec2 = outputOf("prod", EC2);
    try {
      expect(await runOnNode({ stack: "prod", output: ec2 }, ["ray", "status"], {})).toBe(5);
      expect(printed.mock.calls).toEqual([["all well\n"]]);
    } finally {
      printed.mockRestore();
      rmSync(ec2, { recursive: true });
    }
  });
});

describe("forward", () => {
  const ask = (what: string, options = {}, file = LOCAL) => {
    const other = outputOf("app", file);
    return written((write, stopped) =>
      forward({ stack: "app", output: other }, what, options, write, stopped),
    ).finally(() => {
      rmSync(other, { recursive: true });
    });
  };

  it.each<[string, string, object, Partial<typeof LOCAL>, RegExp]>([
    [
      "a dashboard without a token",
      "dashboard",
      {},
      { dashboardPort: null },
      /dashboard of cluster 'c1' is off.*\n.*2\.52/,
    ],
    ["an API that is not there", "api", {}, { apiPort: null }, /cluster 'c1' has no API/],
    ["a word", "grafana", {}, {}, /must be dashboard, api or a number from 1 to 65535, got 'grafana'/],
    ["port 0", "0", {}, {}, /got '0'/],
    ["a local port that is none", "api", { localPort: "70000" }, {}, /--local-port must be .*, got '70000'/],
  ])("refuses %s", async (_, what, options, change, message) => {
    docker("*|0|");
    expect((await ask(what, options, { ...LOCAL, ...change } as typeof LOCAL)).error).toMatch(message);
    expect(fakes?.calls()).toEqual([]);
  });

  it("says that nothing listens, and why that may be", async () => {
    docker("exec c1-npu-0 *connect 8265|1|nothing answers on port 8265 of this node: Connection refused");
    expect((await ask("dashboard")).error).toBe(
      "npu-0: nothing answers on port 8265 of this node: Connection refused\n" +
        "  The image may have Ray without its dashboard: it is part of `ray[default]`, not of `ray`.",
    );
  });

  it("refuses a port of this machine that is taken", async () => {
    docker("*|0|");
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const { error } = await ask("api", { localPort: String(port) });
    server.close();
    expect(error).toBe(`port ${port} of this machine: EADDRINUSE\n  Choose another: --local-port <port>.`);
  });

  it("joins each connection to a program in the container, until it is stopped", async () => {
    const cat = execFileSync("sh", ["-c", "command -v cat"], { encoding: "utf8" }).trim();
    const echo = join(folder, "docker");
    writeFileSync(echo, '#!/bin/bash\n[ "$2" = -i ] || exit 0\nexec cat\n');
    chmodSync(echo, 0o755);
    fakes = new FakePrograms({}, { docker: echo, cat });
    const stop = new AbortController();
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    const said: string[] = [];
    const ended = forward(
      choice,
      "8265",
      { localPort: String(port) },
      (text) => said.push(text),
      stop.signal,
    );
    const dial = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(port, "127.0.0.1", () => socket.end(text));
        let answer = "";
        socket
          .on("data", (data) => (answer += data.toString()))
          .on("error", reject)
          .on("close", () => {
            resolve(answer);
          });
      });
    let isUp = false;
    for (let tries = 0; !isUp && tries < 50; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      isUp = await dial("up").then(
        () => true,
        () => false,
      );
    }
    expect(said).toEqual([`127.0.0.1:${port} is port 8265 of npu-0; Ctrl-C ends it\n`]);
    expect(await Promise.all(["one", "two"].map(dial))).toEqual(["one", "two"]);
    stop.abort();
    expect(await ended).toBe(0);
  });
});

describe("doctor", () => {
  const collected = (texts: readonly { name: string; text: string }[]) =>
    texts.map((text) => JSON.stringify(text).replaceAll("\\", "\\\\")).join("\\n");
  const archive = () => join(folder, "help.tar.gz");
  const contents = (name: string) => execFileSync(TAR, ["-xzOf", archive(), name], { encoding: "utf8" });

  it("archives what the nodes say, and what is known of one that says nothing", async () => {
    const texts = [
      { name: "engine/engine.log", text: "loaded\nWANDB_API_KEY=abcdef123" },
      { name: "../../escape", text: "x" },
    ];
    docker(
      `exec c1-npu-0 *collect|0|${collected(texts)}`,
      ...[STATUS[0], GONE, "logs * c1-npu-0|0|a" as const],
      ...["logs * c1-npu-1|0|it ends" as const, "inspect *|0|{}" as const],
    );
    const { progress, said } = recorded();
    expect(await doctor(choice, { file: archive() }, progress)).toBe(archive());
    process.env.PATH = `${process.env.PATH}:/usr/bin:/bin`;
    expect(
      execFileSync(TAR, ["-tzf", archive()], { encoding: "utf8" })
        .split("\n")
        .filter((name) => /[^/]$/.test(name))
        .sort(),
    ).toEqual([
      "help/c1/npu-0/container.txt",
      "help/c1/npu-0/engine/engine.log",
      "help/c1/npu-0/escape",
      "help/c1/npu-0/node.log",
      "help/c1/npu-1/container.txt",
      "help/c1/npu-1/no-answer.txt",
      "help/c1/npu-1/node.log",
      "help/c1/status.txt",
    ]);
    expect(contents("help/c1/npu-0/engine/engine.log")).toBe("loaded\nWANDB_API_KEY=<secret>");
    expect(contents("help/c1/npu-1/no-answer.txt")).toBe("collect: container 0f0f is not running\n");
    expect(contents("help/c1/status.txt")).toContain("culprit   npu-1");
    expect(statSync(archive()).mode & 0o777).toBe(0o600);
    expect(said[0]).toBe("asking 2 nodes of cluster 'c1'");
  });

  it("overwrites nothing", async () => {
    docker("*|0|");
    writeFileSync(archive(), "mine");
    await expect(doctor(choice, { file: archive() }, recorded().progress)).rejects.toThrow(
      `${archive()} exists`,
    );
    expect(fakes?.calls()).toEqual([]);
  });

  it("leaves out what is no text of a node", () => {
    const printed = ['{"name": "a", "text": "b"}', "noise", "{}", '{"name": 1, "text": "b"}', ""].join("\n");
    expect(collectedTexts(printed)).toEqual([{ name: "a", text: "b" }]);
    expect(existsSync(archive())).toBe(false);
  });
});
