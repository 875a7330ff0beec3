import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { locatedProblems, readInventory } from "../../../../lib/docker/hosts/inventory";

const folder = mkdtempSync(join(tmpdir(), "inventory-"));
const file = join(folder, "machines.yaml");
const shown = relative(process.cwd(), file);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function read(...lines: readonly string[]) {
  writeFileSync(file, lines.join("\n"));
  return readInventory(file);
}

/** `path:line: what is allowed, got`. */
function problemsOf(...lines: readonly string[]): string[] {
  return read(...lines).problems.map(({ rule, path, allowed, got }) => {
    expect(rule).toBe("RC300");
    return `${path.replace(`${shown}:`, "")} ${allowed}, got ${got}`;
  });
}

const HOST = ["hosts:", "  - name: a", "    sshHost: 10.0.0.1", "    address: 10.1.0.1"];

test("reads everything that a machine can say", () => {
  const inventory = read(
    "# ours",
    "subnetCidr: 10.1.0.0/24",
    "sshUser: ops",
    "sshPort: 2222",
    "sshOptions: [IdentityFile=~/.ssh/x]",
    ...HOST,
    "    sshUser: root",
    "    sshPort: 22",
    "    sshOptions: []",
    "    architecture: arm64",
    "    acceleratorCount: 8",
    "    deviceIps: [192.168.100.1]",
    "    driverPaths: [/usr/local/sbin/npu-smi]",
    "    pool: npu",
  );
  expect(inventory).toMatchObject({
    file: shown,
    problems: [],
    subnetCidr: "10.1.0.0/24",
    sshUser: "ops",
    sshPort: 2222,
    sshOptions: ["IdentityFile=~/.ssh/x"],
    hosts: [
      {
        name: "a",
        sshHost: "10.0.0.1",
        address: "10.1.0.1",
        sshUser: "root",
        sshPort: 22,
        sshOptions: [],
        architecture: "arm64",
        acceleratorCount: 8,
        deviceIps: ["192.168.100.1"],
        driverPaths: ["/usr/local/sbin/npu-smi"],
        pool: "npu",
      },
    ],
  });
});

test.each<[string, string[], string[]]>([
  ["no YAML", ["hosts: ["], ["backend.inventory (1)"]],
  ["a mistyped name", ["subnetCdr: x", ...HOST], ["backend.subnetCdr (1) must be one of"]],
  [
    "a mistyped name of a machine",
    [...HOST, "    adress: x"],
    ["backend.hosts[0].adress (5) must be one of"],
  ],
  ["no machines", ["subnetCidr: 10.0.0.0/24"], ["backend.hosts (1) must be a list of machines, got nothing"]],
  ["a machine that is a name", ["hosts:", "  - a"], ["hosts[0] (2) must hold names and values, got 'a'"]],
  [
    "text for a number",
    [...HOST, "    sshPort: many"],
    ["hosts[0].sshPort (5) must be a number, got 'many'"],
  ],
  [
    "a number for text",
    ["hosts:", "  - name: 1", ...HOST.slice(2)],
    ["hosts[0].name (2) must be a text, got 1"],
  ],
  [
    "text for a list",
    [...HOST, "    deviceIps: x"],
    ["hosts[0].deviceIps (5) must be a list of texts, got 'x'"],
  ],
  [
    "a list of numbers",
    [...HOST, "    deviceIps: [1]"],
    ["hosts[0].deviceIps (5) must be a list of texts, got a list"],
  ],
  [
    "an empty file",
    [""],
    ["must hold names and values, got nothing", "must be a list of machines, got nothing"],
  ],
])("reports %s with its line", (_, lines, expected) => {
  const problems = problemsOf(...lines).filter((problem) => !problem.includes("must be given"));
  expect(problems).toHaveLength(expected.length);
  expected.forEach((part, index) => {
    expect(problems[index]).toContain(part);
  });
});

test("reports everything at once, and what is absent at the machine's line", () => {
  expect(problemsOf("subnet: x", "hosts:", "  - sshPort: x", "  - name: b")).toEqual([
    expect.stringMatching(/^backend\.subnet \(1\) must be one of/),
    "backend.hosts[0].name (3) must be given, got nothing",
    "backend.hosts[0].sshHost (3) must be given, got nothing",
    "backend.hosts[0].sshPort (3) must be a number, got 'x'",
    "backend.hosts[0].address (3) must be given, got nothing",
    "backend.hosts[1].sshHost (4) must be given, got nothing",
    "backend.hosts[1].address (4) must be given, got nothing",
  ]);
});

test("a file that is not there is one problem, whatever else follows", () => {
  const inventory = readInventory(join(folder, "none.yaml"));
  expect(inventory.problems).toHaveLength(1);
  expect(inventory.problems[0].got).toContain("no such file");
  const follows = { ...inventory.problems[0], rule: "RC301", path: "hosts" };
  expect(locatedProblems(inventory, [follows])).toEqual(inventory.problems);
});

test("what others find in it gets the line of the property, or of what holds it", () => {
  const inventory = read("subnetCidr: 10.1.0.0/24", ...HOST, "    deviceIps:", "      - x");
  const found = ["hosts[0].address", "hosts[0].pool", "hosts[0].deviceIps[3]", "cpusPerNode"].map((path) => ({
    ...{ rule: "RC302", level: "error" as const, got: "", allowed: "", fix: "" },
    path,
  }));
  expect(locatedProblems(inventory, found).map(({ path }) => path)).toEqual([
    `backend.hosts[0].address (${shown}:5)`,
    `backend.hosts[0].pool (${shown}:3)`,
    `backend.hosts[0].deviceIps[3] (${shown}:6)`,
    `backend.cpusPerNode (${shown}:1)`,
  ]);
});
