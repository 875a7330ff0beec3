import { type BadInput, npu, pools } from "./bad-input";

export const BAD_NAMES: readonly BadInput[] = [
  {
    props: { name: "Llama_405B" },
    rule: "RC001",
    path: "name",
    got: "'Llama_405B'",
  },
  {
    props: { name: "" },
    rule: "RC001",
    path: "name",
    got: "nothing",
  },
  {
    props: { name: "a-very-long-name-that-no-host-name-holds" },
    rule: "RC001",
    path: "name",
    got: "'a-very-long-name-that-no-host-name-holds'",
  },
  {
    props: pools(npu({ name: "NPU pool" })),
    place: { addresses: { "NPU pool": ["10.89.28.10", "10.89.28.11"] } },
    rule: "RC002",
    path: "pools[0].name",
    got: "'NPU pool'",
  },
  {
    props: pools(npu(), npu()),
    rule: "RC003",
    path: "pools[1].name",
    got: "'npu'",
  },
];
