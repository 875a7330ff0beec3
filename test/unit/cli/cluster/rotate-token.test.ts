import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rotateToken } from "../../../../lib/cli/cluster/rotate-token";
import { FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";
import { LOCAL, outputOf } from "./support";

/** Runs what would run on the machine here, with the machine's name in the environment. */
const SSH = `#!/bin/bash
while [ "$1" != -- ]; do shift; done
export MACHINE="$2"
[ "$MACHINE" != "$DEAD" ] || { echo "ssh: connect to host $MACHINE: No route to host" >&2; exit 255; }
shift 2
PATH="$MACHINES:/usr/bin:/bin" exec sh -c "$*"
`;
/** Each machine has a volume, and a container that answers. */
const DOCKER = `#!/bin/bash
volume="$MACHINES/$MACHINE"
echo "$MACHINE docker $*" >>"$MACHINES/calls"
case "$1" in
  run) line="\${*: -1}"; exec sh -c "\${line//\\/secrets/$volume}" ;;
  exec) echo "cluster c1 is serving"; exit "$WAIT_CODE" ;;
esac
`;
const OLD = "0".repeat(64);

describe("rotateToken", () => {
  let machines: string;
  let output: string;
  let fakes: FakePrograms | undefined;

  beforeEach(() => {
    machines = mkdtempSync(join(tmpdir(), "ray-cluster-machines-"));
    for (const [name, text] of Object.entries({ ssh: SSH, docker: DOCKER })) {
      writeFileSync(join(machines, name), text);
      chmodSync(join(machines, name), 0o755);
    }
  });
  afterEach(() => {
    fakes?.restore();
    fakes = undefined;
    rmSync(machines, { recursive: true });
    rmSync(output, { recursive: true });
  });

  /** Three machines with a token, of which one may be dead. */
  async function onHosts(
    environment: object = {},
    token: object | null = { volume: "c1-secrets", image: "i" },
  ) {
    const names = ["m1", "m2", "m3"];
    const sshArguments = (name: string) => ["-l", "root", "--", name];
    output = outputOf("app", {
      ...LOCAL,
      place: "hosts",
      nodes: names.map((name) => ({
        ...{ node: name, called: name, container: `c1-${name}` },
        ...{ dockerHost: null, sshArguments: sshArguments(name) },
      })),
    });
    const folder = join(output, "stacks", "app", "hosts");
    mkdirSync(folder);
    const called = names.map((name) => ({ called: name, sshArguments: sshArguments(name) }));
    writeFileSync(join(folder, "c1.json"), JSON.stringify({ cluster: "c1", token, machines: called }));
    for (const name of names) {
      mkdirSync(join(machines, name));
      writeFileSync(join(machines, name, "ray-token"), OLD);
    }
    fakes = new FakePrograms({}, { ssh: join(machines, "ssh") });
    Object.assign(process.env, { MACHINES: machines, WAIT_CODE: "0", DEAD: "", ...environment });
    return rotated();
  }

  async function rotated() {
    const { progress, said } = recorded();
    const error = await rotateToken({ stack: "app", output }, progress).then(
      () => "",
      (caught: unknown) => String(caught),
    );
    return { error, said: said.join("\n") };
  }

  const tokens = () =>
    ["m1", "m2", "m3"].map((name) => readFileSync(join(machines, name, "ray-token"), "utf8"));
  const calls = () => readFileSync(join(machines, "calls"), "utf8").trim().split("\n");

  it("gives every machine the same new token, restarts every node and waits", async () => {
    const { error, said } = await onHosts();
    expect(error).toBe("");
    const [token, ...others] = tokens();
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(token).not.toBe(OLD);
    expect(others).toEqual([token, token]);
    expect(
      calls()
        .filter((call) => call.includes("restart"))
        .sort(),
    ).toEqual(["m1", "m2", "m3"].map((name) => `${name} docker restart c1-${name}`));
    expect(said).toContain("cluster c1 is serving");
    expect(calls().at(-1)).toMatch(/^m1 docker exec .*ray_node wait$/);
    // Neither in what is printed nor in what any process shows.
    expect(said + calls().join()).not.toContain(token);
  });

  it("changes nothing where a machine does not answer", async () => {
    const { error } = await onHosts({ DEAD: "m3" });
    expect(error).toMatch(/1 node cannot be used; nothing was changed\nm3: .*No route to host/);
    expect(tokens()).toEqual([OLD, OLD, OLD]);
  });

  it("fails where the cluster does not serve afterwards", async () => {
    const { error } = await onHosts({ WAIT_CODE: "1" });
    expect(error).toContain("cluster 'c1' has a new token and does not serve");
  });

  it("refuses a cluster whose Ray has no token", async () => {
    const { error } = await onHosts({}, null);
    expect(error).toContain("has no token");
    expect(existsSync(join(machines, "calls"))).toBe(false);
  });

  it("lets the head of a local cluster make another one", async () => {
    output = outputOf("app", LOCAL);
    fakes = new FakePrograms({
      docker: ["inspect *|0|[]", "exec c1-npu-0 rm *|0|", "restart *|0|", "exec c1-npu-0 *wait|0|serving"],
    });
    expect((await rotated()).error).toBe("");
    expect(fakes.calls()).toEqual([
      ...["docker inspect c1-npu-0", "docker inspect c1-npu-1"],
      "docker exec c1-npu-0 rm -f /var/lib/ray-cluster/secrets/ray-token",
      ...["docker restart c1-npu-0", "docker restart c1-npu-1"],
      "docker exec c1-npu-0 python3 -m ray_node wait",
    ]);
  });
});
