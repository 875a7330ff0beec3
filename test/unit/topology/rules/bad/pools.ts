import { Accelerator } from "../../../../../lib/topology/declaration/accelerator";
import { type BadInput, npu, pools } from "./bad-input";

export const BAD_POOLS: readonly BadInput[] = [
  {
    props: pools(),
    place: { addresses: {} },
    rule: "RC010",
    path: "pools",
    got: "an empty list",
  },
  {
    props: pools(npu({ nodes: 0 })),
    place: { addresses: { npu: [] } },
    rule: "RC011",
    path: "pools[0].nodes",
    got: "0",
  },
  {
    props: pools(npu({ nodes: 2.5 })),
    rule: "RC011",
    path: "pools[0].nodes",
    got: "2.5",
  },
  {
    props: pools(npu({ nodes: 1e9 })),
    rule: "RC011",
    path: "pools[0].nodes",
    got: "1000000000",
  },
  {
    props: pools(npu({ acceleratorsPerNode: 17 })),
    rule: "RC012",
    path: "pools[0].acceleratorsPerNode",
    got: "17",
  },
  {
    props: pools(npu({ acceleratorsPerNode: 0 })),
    rule: "RC012",
    path: "pools[0].acceleratorsPerNode",
    got: "0",
  },
  {
    props: pools(npu(), { name: "cpu", nodes: 1, acceleratorsPerNode: 8 }),
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11"], cpu: ["10.89.28.12"] } },
    rule: "RC019",
    path: "pools[1].acceleratorsPerNode",
    got: "8",
  },
  {
    props: pools(npu({ machineType: "p5.48xlarge" })),
    rule: "RC009",
    path: "pools[0].machineType",
    got: "'p5.48xlarge'",
  },
  {
    props: pools(npu({ accelerator: Accelerator.of("emulated-npus") })),
    rule: "RC013",
    path: "pools[0].accelerator",
    got: "'emulated-npus'",
  },
  {
    props: pools(npu({ accelerator: Accelerator.of("tpu-v5e") })),
    rule: "RC013",
    path: "pools[0].accelerator",
    got: "'tpu-v5e'",
  },
  {
    props: pools({ name: "npu", nodes: 2 }),
    rule: "RC014",
    path: "pools",
    got: "only pools without accelerators",
  },
  {
    props: pools(npu(), npu({ name: "gpu", nodes: 1, accelerator: Accelerator.EMULATED_GPU })),
    place: { addresses: { npu: ["10.89.28.10", "10.89.28.11"], gpu: ["10.89.28.12"] } },
    rule: "RC015",
    path: "pools[1].accelerator",
    got: "'emulated-gpu'",
  },
  {
    props: pools(npu({ accelerator: Accelerator.ASCEND_910B_64GB })),
    rule: "RC016",
    path: "pools[0].accelerator",
    got: "'ascend-910b-64'",
  },
  {
    place: { cpusPerNode: 0 },
    rule: "RC202",
    path: "backend.cpusPerNode",
    got: "0",
  },
  {
    place: { cpusPerNode: 0.5 },
    rule: "RC202",
    path: "backend.cpusPerNode",
    got: "0.5",
  },
  {
    place: { cpusPerNode: Number.NaN },
    rule: "RC202",
    path: "backend.cpusPerNode",
    got: "NaN",
  },
  {
    place: { objectStoreMiB: 74 },
    rule: "RC202",
    path: "backend.objectStoreMiB",
    got: "74",
  },
  {
    place: { sharedMemoryMiB: -5, objectStoreMiB: undefined },
    rule: "RC202",
    path: "backend.sharedMemoryMiB",
    got: "-5",
  },
  {
    place: { objectStoreMiB: 2048, sharedMemoryMiB: 1024 },
    rule: "RC202",
    path: "backend.sharedMemoryMiB",
    got: "1024",
  },
];
