import { containerLog, inContainer, withDocker } from "../../../../lib/cli/cluster/command-line";
import { sshForwarding } from "../../../../lib/cli/cluster/forward";
import { nodeProgram, type OtherEnd, type Reach, shellQuoted } from "../../../../lib/cli/cluster/reach";
import { forwardingSession, interactiveSession } from "../../../../lib/cli/cluster/session-manager";
import { DOCKER, SESSION, SSH } from "./support";

const START = ["ssm", "start-session", "--region", "us-east-1", "--target", "i-0123456789abcdef0"];
const WORDS = ["sh", "-c", "echo it's $HOME"];
const QUOTED = `sh -c 'echo it'\\''s $HOME'`;

test.each<[string, Reach, OtherEnd, string, readonly string[]]>([
  ["Docker, nobody", DOCKER, "nobody", "docker", ["exec", "c1-npu-0", ...WORDS]],
  ["Docker, an input", DOCKER, "input", "docker", ["exec", "-i", "c1-npu-0", ...WORDS]],
  ["Docker, a terminal", DOCKER, "terminal", "docker", ["exec", "-i", "-t", "c1-npu-0", ...WORDS]],
  [
    "a Docker engine that is named",
    { ...DOCKER, host: "ssh://root@big" },
    "nobody",
    "docker",
    ["--host", "ssh://root@big", "exec", "c1-npu-0", ...WORDS],
  ],
  ["ssh, nobody", SSH, "nobody", "ssh", [...SSH.sshArguments, `docker exec c1-npu-0 ${QUOTED}`]],
  ["ssh, an input", SSH, "input", "ssh", [...SSH.sshArguments, `docker exec -i c1-npu-0 ${QUOTED}`]],
  [
    "ssh, a terminal",
    SSH,
    "terminal",
    "ssh",
    ["-t", ...SSH.sshArguments, `docker exec -i -t c1-npu-0 ${QUOTED}`],
  ],
])("a program in a container: %s", (_, reach, otherEnd, program, args) => {
  expect(inContainer(reach, WORDS, otherEnd, "mark")).toEqual({ program, args });
});

describe("Session Manager", () => {
  /** Document and parameters of a call of the AWS command line. */
  const parts = ({ program, args }: { readonly program: string; readonly args: readonly string[] }) => {
    expect([program, args.slice(0, 6)]).toEqual(["aws", START]);
    const [document, name, parameters, json, ...rest] = args.slice(6);
    expect([document, parameters, rest]).toEqual(["--document-name", "--parameters", []]);
    return { name, parameters: JSON.parse(json) as { readonly [key: string]: readonly string[] } };
  };

  it("runs a program between two marks, with its exit code after the second", () => {
    const { name, parameters } = parts(inContainer(SESSION, ["printenv", "RANK"], "nobody", "mark-1"));
    expect(name).toBe("AWS-StartNonInteractiveCommand");
    const script =
      `printf '\\n%s\\n' mark-1; sudo docker exec ray-cluster printenv RANK 2>&1; ` +
      `printf '\\n%s %s\\n' mark-1 "$?"`;
    expect(parameters).toEqual({ command: [shellQuoted(["sh", "-c", script])] });
  });

  it("has a terminal for a shell", () => {
    expect(parts(inContainer(SESSION, ["bash"], "terminal", ""))).toEqual({
      name: "AWS-StartInteractiveCommand",
      parameters: { command: ["sudo docker exec -i -t ray-cluster bash"] },
    });
    expect(parts(interactiveSession(SESSION, ["echo", "a b"])).parameters).toEqual({
      command: ["echo 'a b'"],
    });
  });

  it("forwards a port", () => {
    expect(parts(forwardingSession(SESSION, 8265, 18265))).toEqual({
      name: "AWS-StartPortForwardingSession",
      parameters: { portNumber: ["8265"], localPortNumber: ["18265"] },
    });
  });

  it("reads the log in the journal, which has that of earlier containers too", () => {
    const [command] = parts(containerLog(SESSION, 50, true, "m")).parameters.command;
    expect(command).toContain("sudo journalctl --unit ray-cluster.service --lines 50");
    expect(command).toContain("--output cat --no-pager --follow");
    expect(parts(containerLog(SESSION, 50, false, "m")).parameters.command[0]).not.toContain("--follow");
  });
});

test("the log of a container has so many lines, and goes on where that is wanted", () => {
  expect(containerLog(DOCKER, 50, false, "").args).toEqual(["logs", "--tail", "50", "c1-npu-0"]);
  expect(containerLog(DOCKER, 50, true, "").args).toEqual(["logs", "--tail", "50", "--follow", "c1-npu-0"]);
  expect(containerLog(SSH, 50, false, "").args.at(-1)).toBe("docker logs --tail 50 c1-npu-0");
});

test("ssh forwards with a connection of its own, and only on loopback", () => {
  expect(sshForwarding(SSH, 8265, 9000)).toEqual({
    program: "ssh",
    args: [
      ...["-N", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none"],
      ...["-L", "127.0.0.1:9000:127.0.0.1:8265"],
      ...SSH.sshArguments,
    ],
  });
});

test("words reach a shell as they are", () => {
  expect(withDocker(SSH, ["inspect", "--format", "{{json .State}}", "a"], "nobody", "").args.at(-1)).toBe(
    "docker inspect --format '{{json .State}}' a",
  );
  expect(shellQuoted(["", "a;b", "$(x)", "a-b_c./d=e:f,g@h%i+j"])).toBe(
    `'' 'a;b' '$(x)' a-b_c./d=e:f,g@h%i+j`,
  );
  expect(nodeProgram("run", "--", "ray", "status")).toEqual([
    ...["python3", "-m", "ray_node"],
    ...["run", "--", "ray", "status"],
  ]);
});
