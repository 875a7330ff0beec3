import { exampleRefusals } from "../../../../lib/docker/hosts/example-machines";
import { type Machine, withDefaults } from "../../../../lib/docker/hosts/host-machine";

const machine: Machine = withDefaults({ name: "a", sshHost: "10.0.0.1", address: "10.1.0.1" }, {});

test.each([
  ["192.0.2.1", 1],
  ["198.51.100.255", 1],
  ["203.0.113.7", 1],
  ["192.0.3.1", 0],
  ["10.0.0.1", 0],
  ["npu-0.example.com", 1],
  ["npu.example", 1],
  ["npu.invalid", 1],
  ["example.company.com", 0],
  ["myexample.com", 0],
])("a machine at %s has %d refusals", (sshHost, count) => {
  expect(exampleRefusals([{ ...machine, sshHost }], "x.yaml")).toHaveLength(count);
});

test("a machine with an example address on the cluster network is refused", () => {
  expect(exampleRefusals([{ ...machine, address: "192.0.2.1" }], "x.yaml")).toHaveLength(1);
});

test("the refusal names all example machines and where to replace them", () => {
  const examples = ["b", "c"].map((name) => ({ ...machine, name, sshHost: `${name}.example` }));
  expect(exampleRefusals([machine, ...examples], "machines.yaml")).toEqual([
    "Hosts b (b.example, 10.1.0.1), c (c.example, 10.1.0.1) still have example addresses. Replace them in machines.yaml.",
  ]);
});
