import { Accelerator } from "../../../../../lib/topology/declaration/accelerator";
import { Fabric } from "../../../../../lib/topology/declaration/fabric";
import { type BadInput, environment } from "./bad-input";

export const BAD_FABRIC: readonly BadInput[] = [
  {
    props: { fabric: Fabric.of("infinibnad") },
    rule: "RC090",
    path: "fabric",
    got: "'infinibnad'",
  },
  {
    props: { fabric: Fabric.INFINIBAND },
    rule: "RC093",
    path: "fabric",
    got: "'infiniband'",
  },
  {
    machines: true,
    props: { pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.ASCEND_A3 }] },
    rule: "RC091",
    path: "fabric",
    got: "'infiniband'",
  },
  {
    machines: true,
    props: environment("NCCL_NET", "Socket"),
    rule: "RC092",
    path: "environment.NCCL_NET",
    got: "'Socket'",
  },
  {
    machines: true,
    props: environment("NCCL_IB_DISABLE", "1"),
    rule: "RC095",
    path: "environment.NCCL_IB_DISABLE",
    got: "'1'",
  },
];
