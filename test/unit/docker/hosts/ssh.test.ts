import { withDefaults } from "../../../../lib/docker/hosts/host-machine";
import { machineLabel, dockerHost, sshArguments, sshOptions } from "../../../../lib/docker/hosts/ssh";

const machine = withDefaults(
  { name: "atlas-1", sshHost: "10.0.0.1", address: "10.1.0.1" },
  { sshUser: "ops", sshPort: 2222, sshOptions: ["ConnectTimeout=3"] },
);

test("the user's options precede the library's own", () => {
  const options = sshOptions(machine);
  expect(options.slice(0, 4)).toEqual(["-o", "ConnectTimeout=3", "-o", "BatchMode=yes"]);
  expect(options.indexOf("ConnectTimeout=3")).toBeLessThan(options.indexOf("ConnectTimeout=15"));
});

test("connections are shared and never prompt", () => {
  expect(sshOptions(machine)).toEqual(
    expect.arrayContaining([
      "BatchMode=yes",
      "ControlMaster=auto",
      "ControlPath=~/.ssh/ray-cluster-%C",
      "ControlPersist=60",
    ]),
  );
});

test("the destination follows two dashes", () => {
  expect(sshArguments(machine).slice(-6)).toEqual(["-p", "2222", "-l", "ops", "--", "10.0.0.1"]);
});

test("dockerHost has user, host and port, with brackets around IPv6", () => {
  expect(dockerHost(machine)).toBe("ssh://ops@10.0.0.1:2222");
  expect(dockerHost({ ...machine, sshHost: "fd00::1" })).toBe("ssh://ops@[fd00::1]:2222");
});

test("a label has node, machine and address", () => {
  expect(machineLabel("npu-1", machine)).toBe("npu-1 on atlas-1 (ssh://ops@10.0.0.1:2222)");
  expect(machineLabel("atlas-1", machine)).toBe("atlas-1 (ssh://ops@10.0.0.1:2222)");
});
