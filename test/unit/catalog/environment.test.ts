import { allVariables, findVariable, variableApplies } from "../../../lib/catalog/environment";
import type { VariableFacts } from "../../../lib/catalog/environment";

describe.each(allVariables())("$name", (row) => {
  test("has a scope, a type and the moment before which it must be set", () => {
    expect(["cluster", "node", "driver"]).toContain(row.scope);
    expect(["integer", "number", "flag", "choice", "text", "path", "port-ranges"]).toContain(row.type);
    expect(["container start", "ray start", "engine start"]).toContain(row.setBefore);
    expect(row.purpose).toMatch(/\S/);
  });

  test("has limits if it is a number and choices if it is a choice", () => {
    expect(["integer", "number"].includes(row.type)).toBe(row.minimum !== null);
    expect(row.minimum === null && row.maximum !== null).toBe(false);
    expect(row.type === "choice").toBe(row.allowed !== null);
    expect(row.allowed?.length ?? 2).toBeGreaterThanOrEqual(2);
    expect(row.minimum ?? 0).toBeLessThan(row.maximum ?? Infinity);
  });

  test("has node scope if found on the node and cluster scope if constant", () => {
    const found = row.value !== null && "found" in row.value;
    const constant = row.value !== null && "constant" in row.value;
    expect(found && row.scope !== "node").toBe(false);
    expect(constant && row.scope !== "cluster").toBe(false);
    // A derived variable of a private owner could never be overridden or explained.
    expect(row.value !== null && row.owner !== null).toBe(false);
  });

  test("is read at engine start if it is driver-scoped", () => {
    expect(row.scope === "driver" && row.setBefore !== "engine start").toBe(false);
  });
});

const variable = (name: string): VariableFacts => {
  const facts = findVariable(name);
  if (!facts) {
    throw new Error(`${name} is not in the catalogue`);
  }
  return facts;
};

test.each([
  ["HCCL_BUFFSIZE", "MB", 1, null],
  ["HCCL_CONNECT_TIMEOUT", "s", 120, 7200],
  ["HCCL_IF_BASE_PORT", "port", 1024, 65520],
  ["NCCL_IB_TIMEOUT", "exponent", 0, 31],
])("%s is in %s from %s to %s", (name, unit, minimum, maximum) => {
  expect(variable(name)).toMatchObject({ unit, minimum, maximum, scope: "cluster" });
});

test.each([
  ["HCCL_IF_IP", "address"],
  ["VLLM_HOST_IP", "address"],
  ["GLOO_SOCKET_IFNAME", "interface"],
  ["TP_SOCKET_IFNAME", "interface"],
  ["HCCL_SOCKET_IFNAME", "exact-interface"],
  ["ASCEND_RT_VISIBLE_DEVICES", "visible-devices"],
  ["NCCL_IB_HCA", "rdma-devices"],
  ["NCCL_IB_GID_INDEX", "rdma-gid-index"],
  ["NCCL_SOCKET_IFNAME", "exact-interface"],
])("%s is found on each node: %s", (name, found) => {
  expect(variable(name)).toMatchObject({ scope: "node", value: { found }, setBefore: "ray start" });
});

test.each(["RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_ADDRESS", "PYTHONPATH"])(
  "%s has an owner other than the user",
  (name) => {
    expect(variable(name).owner).toMatch(/\S/);
  },
);

test("variableApplies only with the variable's collective library and engine", () => {
  expect(variableApplies(variable("HCCL_IF_IP"), "hccl", "emulated")).toBe(true);
  expect(variableApplies(variable("HCCL_IF_IP"), "nccl", "emulated")).toBe(false);
  expect(variableApplies(variable("HCCL_IF_IP"), undefined, "emulated")).toBe(false);
  expect(variableApplies(variable("VLLM_HOST_IP"), "hccl", "vllm")).toBe(true);
  expect(variableApplies(variable("VLLM_HOST_IP"), "hccl", "lmdeploy")).toBe(false);
  expect(variableApplies(variable("GLOO_SOCKET_IFNAME"), undefined, "any")).toBe(true);
});
