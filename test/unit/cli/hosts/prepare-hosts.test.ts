import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findingsOf } from "../../../../lib/cli/base/host-shell";
import { prepareHosts, type PrepareHostsOptions } from "../../../../lib/cli/hosts/prepare-hosts";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";

const READY = "ok docker 20.10.24\\nok address 10.1.0.1 is on this machine";
const BARE = "ok address 10.1.0.2 is on this machine\\nproblem docker Docker is not installed";

describe("prepareHosts", () => {
  const folder = mkdtempSync(join(tmpdir(), "prepare-hosts-"));
  const inventory = join(folder, "machines.yaml");
  const printed = jest.spyOn(process.stdout, "write").mockReturnValue(true);
  let fakes: FakePrograms | undefined;

  beforeEach(() => {
    const hosts = ["a", "b"].map(
      (name, index) => `  - { name: ${name}, sshHost: ${name}.lan, address: 10.1.0.${index + 1} }`,
    );
    writeFileSync(inventory, `subnetCidr: 10.1.0.0/24\nhosts:\n${hosts.join("\n")}\n`);
    printed.mockClear();
  });

  afterEach(() => {
    fakes?.restore();
  });

  afterAll(() => {
    printed.mockRestore();
    rmSync(folder, { recursive: true });
  });

  /** What is said, and how it ends, where ssh answers so. */
  async function prepare(
    answers: readonly Answer[],
    options: PrepareHostsOptions = {},
    stacks: string[] = [],
    banner = "",
  ) {
    fakes = new FakePrograms({ ssh: answers });
    process.env.FAKE_BANNER = banner;
    const { progress, said } = recorded();
    let error = "";
    try {
      await prepareHosts(stacks, progress, options);
    } catch (caught) {
      error = String(caught);
    }
    return { said: said.join("\n"), error, calls: fakes.calls(), table: printed.mock.calls.join("") };
  }

  it("changes nothing on machines that are ready", async () => {
    const { said, error, calls, table } = await prepare([`*|0|${READY}`], { inventory });
    expect(error).toBe("");
    expect(said).toContain("2 of 2 machines are ready");
    expect(calls).toHaveLength(2);
    expect(calls.sort()[0]).toMatch(/^ssh .*-o BatchMode=yes .*-p 22 -l root -- a\.lan sh -c /);
    expect(table).toMatch(/a \(ssh:\/\/root@a\.lan:22\) +ready +2 checks passed/);
  });

  it("installs Docker only where it is missing, and checks again there", async () => {
    const { said, error, calls } = await prepare(
      [`*a.lan*|0|${READY}`, `*b.lan*|0|${BARE}`, "*b.lan*|0|docker: it answers", `*b.lan*|0|${READY}`],
      { inventory, yes: true },
    );
    expect(error).toBe("");
    expect(calls.filter((call) => call.includes("a.lan"))).toHaveLength(1);
    expect(calls.filter((call) => call.includes("b.lan"))).toHaveLength(3);
    expect(said).toContain("b: docker: it answers");
    expect(said).toContain("2 of 2 machines are ready");
  });

  it("reports a login shell that prints, and takes nothing of it for a finding", async () => {
    const banner = "ok docker 99\\nWelcome to the machine\\n";
    const { error, said } = await prepare([`*|0|${READY}`], { inventory }, [], banner);
    expect(error).toContain("a (ssh://root@a.lan:22): shell: its login shell prints 'ok docker 99'");
    expect(said).toContain("a (ssh://root@a.lan:22): 2 checks passed; shell:");
  });

  it("reports a machine that cannot be reached, and checks the others", async () => {
    const { error, table } = await prepare(
      [`*a.lan*|0|${READY}`, "*b.lan*|255|ssh: connect to host b.lan port 22: No route to host"],
      { inventory },
    );
    expect(error).toContain("1 of 2 machines are not ready:");
    expect(error).toContain(
      "b (ssh://root@b.lan:22): ssh: cannot be reached: ssh: connect to host b.lan port 22",
    );
    expect(error).toMatch(/write `status: lost` in the entry of 'b' in \S*machines\.yaml/);
    expect(table).toMatch(/a \(\S+\) +ready/);
    expect(table).toMatch(/b \(\S+\) +NOT READY/);
  });

  it("reports a check that aborted", async () => {
    const { error } = await prepare(["*|1|bash: awk: command not found"], { inventory });
    expect(error).toContain("a (ssh://root@a.lan:22): ssh: bash: awk: command not found");
  });

  it("prints the script in a dry run and runs nothing", async () => {
    const { said, error, calls } = await prepare([`*a.lan*|0|${READY}`, `*b.lan*|0|${BARE}`], {
      inventory,
      dryRun: true,
    });
    expect(calls).toHaveLength(2);
    expect(said).toContain("Docker will be installed");
    expect(said).toContain("apt-get install");
    expect(error).toContain("This was a dry run: nothing was changed.");
  });

  it("changes nothing without a terminal to confirm on", async () => {
    const { said, error, calls } = await prepare([`*|0|${BARE}`], { inventory });
    expect(said).toContain("b (ssh://root@b.lan:22)");
    expect(error).toContain("No terminal to confirm on; nothing was changed.");
    expect(calls).toHaveLength(2);
  });

  it("installs NVIDIA's toolkit after Docker if the cluster needs the runtime", async () => {
    const lacking =
      "ok docker 20.10.24\\nproblem runtime the Docker engine has no runtime 'nvidia'; it has runc";
    const { said, error, calls, table } = await prepare(
      [
        `*a.lan*|0|${READY}`,
        ...([`*b.lan*|0|${BARE}`, "*b.lan*|0|docker: it answers", `*b.lan*|0|${lacking}`] as const),
        ...(["*b.lan*|0|toolkit: registered", `*b.lan*|0|${READY}`] as const),
      ],
      { inventory, yes: true },
    );
    expect(error).toBe("");
    expect(calls.filter((call) => call.includes("b.lan"))).toHaveLength(5);
    expect(said.indexOf("Docker will be installed")).toBeLessThan(said.indexOf("toolkit will be installed"));
    expect(said).toContain("which stops its containers");
    expect(said).toContain("b: toolkit: registered");
    expect(table).toMatch(/b \(\S+\) +ready/);
  });

  it.each([
    ["problem device /dev/nvidia-uvm is missing: the driver's first use makes it", true],
    ["warning nodes nothing that is known makes /dev/nvidia-uvm before Docker starts containers", true],
    ["problem device /dev/davinci3 is missing", false],
    ["warning clock 90 s ahead", false],
  ])("has the nodes of NVIDIA's driver made now and at each boot, for '%s': %s", async (found, isMade) => {
    const { said, calls } = await prepare(
      [
        `*a.lan*|0|${READY}`,
        ...([
          `*b.lan*|0|${READY}\\n${found}`,
          "*b.lan*|0|devices: they are there",
          `*b.lan*|0|${READY}`,
        ] as const),
      ],
      { inventory, yes: true },
    );
    expect(said.includes("b: devices: they are there")).toBe(isMade);
    expect(said.includes("a unit of systemd added")).toBe(isMade);
    expect(calls).toHaveLength(isMade ? 4 : 2);
  });

  it("does not install the runtime of another vendor", async () => {
    const lacking = "problem runtime the Docker engine has no runtime 'ascend'; it has runc";
    const { error, calls } = await prepare([`*|0|${lacking}`], { inventory, yes: true });
    expect(calls).toHaveLength(2);
    expect(error).toContain("no runtime 'ascend'");
  });

  it("reports why an installation failed", async () => {
    const { error } = await prepare(
      [`*a.lan*|0|${READY}`, `*b.lan*|0|${BARE}`, "*b.lan*|1|docker: no apt-get here", `*b.lan*|0|${BARE}`],
      { inventory, yes: true },
    );
    expect(error).toContain("docker: Docker is not installed");
    expect(error).toContain("docker: installing Docker failed: docker: no apt-get here");
  });

  it("installs as root, with sudo for other users", async () => {
    writeFileSync(inventory, readFileSync(inventory, "utf8").replace("hosts:", "sshUser: ops\nhosts:"));
    const { calls } = await prepare([`*|0|${BARE}`], { inventory, yes: true });
    expect(calls.filter((call) => call.includes("{ sudo -n bash -c"))).toHaveLength(2);
    expect(calls.filter((call) => call.includes("{ bash -c"))).toHaveLength(4);
  });

  it("reports a missing ssh program", async () => {
    fakes = new FakePrograms({});
    await expect(prepareHosts([], recorded().progress, { inventory })).rejects.toThrow(
      "no ssh on this machine",
    );
  });

  it.each([
    ["hosts: [", /Cannot use .*machines\.yaml:\n.*\[RC316\]/],
    ["hosts:\n  - { name: a, sshHost: a.lan, address: 10.1.0.1, pool: x, sshPort: 0 }", /\(.*:2\) \[RC307\]/],
    [
      "hosts:\n  - { name: a, sshHost: 192.0.2.1, address: 10.1.0.1 }",
      /example addresses\. Replace them in .*machines\.yaml/,
    ],
  ])("refuses the inventory %j before connecting", async (text, message) => {
    writeFileSync(inventory, text);
    const { error, calls } = await prepare(["*|0|"], { inventory });
    expect(error).toMatch(message);
    expect(calls).toEqual([]);
  });

  describe("of a stack", () => {
    const before = process.cwd();
    const machine = {
      node: "npu-0",
      called: "npu-0 on a",
      ifGone: "If it is gone for good, write that.",
      sshArguments: ["-l", "root", "--", "a.lan"],
      facts: ["device /dev/x"],
    };

    beforeAll(() => {
      mkdirSync(join(folder, "cdktf.out", "stacks", "one", "hosts"), { recursive: true });
      const file = join(folder, "cdktf.out", "stacks", "one", "hosts", "c1.json");
      writeFileSync(file, JSON.stringify({ cluster: "c1", refusals: [], machines: [machine] }));
      process.chdir(folder);
    });

    afterAll(() => {
      process.chdir(before);
    });

    it("uses the machines of the synthesized stacks", async () => {
      const { said, calls } = await prepare([`*|0|${READY}`], {}, ["one"]);
      expect(calls).toHaveLength(1);
      expect(said).toContain("npu-0 on a: 2 checks passed");
      expect((await prepare([`*|0|${READY}`])).calls).toHaveLength(1);
    });

    it("skips examples, and refuses one that is named", async () => {
      mkdirSync(join(folder, "cdktf.out", "stacks", "example", "hosts"), { recursive: true });
      const file = join(folder, "cdktf.out", "stacks", "example", "hosts", "c2.json");
      writeFileSync(
        file,
        JSON.stringify({ cluster: "c2", refusals: ["write your own"], machines: [machine] }),
      );
      expect((await prepare([`*|0|${READY}`])).calls).toHaveLength(1);
      const { error, calls } = await prepare([`*|0|${READY}`], {}, ["example"]);
      expect(error).toContain("write your own");
      expect(calls).toEqual([]);
    });

    it("explains what to do if there are no machines", async () => {
      const { error } = await prepare([], {}, ["two"]);
      expect(error).toMatch(/no machines of two\n +Run `npx cdktf synth` first/);
    });
  });
});

test("findings are separated from other output", () => {
  expect(findingsOf("Welcome\nok clock within 60 s\nproblem port 6379 is in use by x\nwarning\n")).toEqual([
    { outcome: "ok", topic: "clock", text: "within 60 s" },
    { outcome: "problem", topic: "port", text: "6379 is in use by x" },
  ]);
});
