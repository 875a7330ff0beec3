import { allVariables, findVariable } from "../../../../lib/catalog/environment";
import { valueProblem } from "../../../../lib/topology/rules/environment-values";

function judge(name: string, value: string) {
  const facts = findVariable(name);
  if (!facts) {
    throw new Error(`${name} is not in the catalogue`);
  }
  return valueProblem(facts, value);
}

test.each([
  ["HCCL_BUFFSIZE", "1"],
  ["HCCL_BUFFSIZE", "100000"],
  ["HCCL_CONNECT_TIMEOUT", "120"],
  ["HCCL_CONNECT_TIMEOUT", "7200"],
  ["HCCL_EXEC_TIMEOUT", "0.05"],
  ["HCCL_EXEC_TIMEOUT", "60000"],
  ["HCCL_IF_BASE_PORT", "65520"],
  ["HCCL_WHITELIST_DISABLE", "0"],
  ["HCCL_OP_EXPANSION_MODE", "AICPU_CacheDisable"],
  ["HCCL_NPU_SOCKET_PORT_RANGE", "auto"],
  ["HCCL_NPU_SOCKET_PORT_RANGE", "61000,61050-61100"],
  ["ASCEND_RANK_TABLE_FILE_PATH", "/models/rank_table.json"],
  ["NCCL_IB_HCA", "=mlx5_0:1"],
  ["NCCL_NET_GDR_LEVEL", "5"],
])("%s accepts '%s'", (name, value) => {
  expect(judge(name, value)).toBeUndefined();
});

test.each([
  ["HCCL_BUFFSIZE", "0", "be a whole number of at least 1 MB", "use 1 or more"],
  ["HCCL_BUFFSIZE", "-5", "be a whole number of at least 1 MB", "use 1 or more"],
  [
    "HCCL_BUFFSIZE",
    "1.5",
    "be a whole number of at least 1 MB, without a unit",
    "write only the number, e.g. '1'",
  ],
  ["HCCL_BUFFSIZE", "", "be a whole number of at least 1 MB, without a unit", "use a number"],
  ["HCCL_CONNECT_TIMEOUT", "119", "be a whole number from 120 to 7200 s", "use 120 or more"],
  ["HCCL_CONNECT_TIMEOUT", "7201", "be a whole number from 120 to 7200 s", "use 7200 or less"],
  [
    "HCCL_EXEC_TIMEOUT",
    "30min",
    "be a number from 0 to 2147483647 s, without a unit",
    "write only the number, e.g. '30'",
  ],
  ["HCCL_IF_BASE_PORT", "65521", "be a whole number from 1024 to 65520", "use 65520 or less"],
  ["HCCL_WHITELIST_DISABLE", "2", "be '0' or '1'", "use 0 or 1"],
  ["HCCL_SOCKET_FAMILY", "AF_INET4", "be 'AF_INET' or 'AF_INET6'", "did you mean 'AF_INET'?"],
  ["HCCL_INTER_HCCS_DISABLE", "yes", "be 'TRUE' or 'FALSE'", "use 'TRUE'"],
  [
    "HCCL_NPU_SOCKET_PORT_RANGE",
    "1000-2000",
    "be 'auto' or ranges of ports from 1024 to 65535",
    "use, for example, '61000-61049'",
  ],
  [
    "NCCL_CONF_FILE",
    "etc/nccl.conf",
    "be an absolute path in the container",
    "did you mean '/etc/nccl.conf'?",
  ],
  ["NCCL_IB_HCA", "", "not be empty", "set a value or remove the variable"],
])("%s rejects '%s'", (name, value, must, fix) => {
  expect(judge(name, value)).toEqual({ must, fix });
});

test("variables accept what the catalogue itself sets or allows", () => {
  for (const facts of allVariables()) {
    const values = [
      ...(facts.allowed ?? []),
      ...(facts.value && "constant" in facts.value ? [facts.value.constant] : []),
    ];
    expect(values.map((value) => valueProblem(facts, value))).toEqual(values.map(() => undefined));
  }
});
