import { documentationMachines } from "../../../../lib/docker/hosts/documentation";
import { withDefaults } from "../../../../lib/docker/hosts/host-machine";
import { calledMachine, dockerHost, sshArguments, sshOptions } from "../../../../lib/docker/hosts/ssh";

const machine = withDefaults(
  { name: "atlas-1", sshHost: "10.0.0.1", address: "10.1.0.1" },
  { sshUser: "ops", sshPort: 2222, sshOptions: ["ConnectTimeout=3"] },
);

test("the user's options come first, as the first one of a name counts", () => {
  const options = sshOptions(machine);
  expect(options.slice(0, 4)).toEqual(["-o", "ConnectTimeout=3", "-o", "BatchMode=yes"]);
  expect(options.indexOf("ConnectTimeout=3")).toBeLessThan(options.indexOf("ConnectTimeout=15"));
});

test("a connection is kept and shared, without a question to anybody", () => {
  expect(sshOptions(machine)).toEqual(
    expect.arrayContaining([
      "BatchMode=yes",
      "ControlMaster=auto",
      "ControlPath=~/.ssh/ray-cluster-%C",
      "ControlPersist=60",
    ]),
  );
});

test("the destination stands behind two dashes, whatever it is called", () => {
  expect(sshArguments(machine).slice(-6)).toEqual(["-p", "2222", "-l", "ops", "--", "10.0.0.1"]);
});

test("the provider's address of the engine", () => {
  expect(dockerHost(machine)).toBe("ssh://ops@10.0.0.1:2222");
  expect(dockerHost({ ...machine, sshHost: "fd00::1" })).toBe("ssh://ops@[fd00::1]:2222");
});

test("messages name node and machine", () => {
  expect(calledMachine("npu-1", machine)).toBe("npu-1 on atlas-1 (ssh://ops@10.0.0.1:2222)");
  expect(calledMachine("atlas-1", machine)).toBe("atlas-1 (ssh://ops@10.0.0.1:2222)");
});

test.each([
  ["192.0.2.1", true],
  ["198.51.100.255", true],
  ["203.0.113.7", true],
  ["192.0.3.1", false],
  ["10.0.0.1", false],
  ["npu-0.example.com", true],
  ["npu.example", true],
  ["example.company.com", false],
  ["myexample.com", false],
])("%s is for documentation: %s", (sshHost, expected) => {
  expect(documentationMachines([{ ...machine, sshHost }])).toHaveLength(expected ? 1 : 0);
});

test("so is a machine whose address on the cluster network is", () => {
  expect(documentationMachines([{ ...machine, address: "192.0.2.1" }])).toHaveLength(1);
});
