import { allFabrics, fabricNeed, findFabric } from "../../catalog/fabrics";
import { unless } from "../../problems/checks";
import { errorRule, warningRule } from "../../problems/rule";
import { didYouMean, oneOf, show } from "../../problems/text";
import { fabricPins } from "../plan/environment";
import type { ClusterSpec } from "../plan/spec";
import type { ClusterRule } from "./rule";

const REMOVE_PIN = "remove it, or declare another fabric";

export const fabricRules: readonly ClusterRule[] = [
  errorRule("RC090", {
    title: "The fabric is in the catalogue",
    why: "The catalogue holds the devices and limits that the containers need, and the variables that make the fabric fail closed.",
    check: ({ fabric }) => {
      const known = allFabrics().map((row) => row.id);
      return unless(known.includes(fabric), {
        path: "fabric",
        got: show(fabric),
        must: `be ${oneOf(known)}`,
        fix: didYouMean(fabric, known, "choose the network that connects the machines"),
      });
    },
  }),
  errorRule("RC091", {
    title: "The accelerators support the fabric",
    why: "Their collective library has no transport for it and would fail, or use another one.",
    check: (spec) => {
      const { collective, fabric } = spec;
      if (!findFabric(fabric) || !collective || isEmulated(spec)) {
        return [];
      }
      const usable = allFabrics()
        .map(({ id }) => id)
        .filter((id) => fabricNeed(id, collective));
      return unless(usable.includes(fabric), {
        path: "fabric",
        got: show(fabric),
        must: `be ${oneOf(usable)} for accelerators that use ${collective.toUpperCase()}`,
        fix: `use '${usable[0]}'`,
      });
    },
  }),
  errorRule("RC092", {
    title: "No variable overrides what the fabric pins",
    why: "The pinned variables keep a declared fabric from silently becoming TCP.",
    check: (spec) =>
      Object.entries(fabricPins(spec)).flatMap(([name, pinned]) => {
        const value = spec.environment[name];
        return unless(value === undefined || value === pinned, {
          path: `environment.${name}`,
          got: show(value),
          must: `be '${pinned}' with the fabric '${spec.fabric}'`,
          fix: REMOVE_PIN,
        });
      }),
  }),
  errorRule("RC093", {
    title: "Emulated accelerators are connected by TCP",
    why: "There is no RDMA device to map into their containers.",
    check: (spec) =>
      isEmulated(spec) &&
      spec.fabric !== "tcp" &&
      findFabric(spec.fabric) && {
        path: "fabric",
        got: show(spec.fabric),
        must: "be 'tcp' with emulated accelerators",
        fix: "use Fabric.TCP",
      },
  }),
  warningRule("RC094", {
    title: "Real accelerators on several nodes are not connected by TCP",
    why: "Collectives over sockets are many times slower than over RDMA.",
    check: (spec, { nodes }) =>
      spec.fabric === "tcp" &&
      spec.collective &&
      !isEmulated(spec) &&
      nodes.length > 1 && {
        path: "fabric",
        got: show("tcp"),
        consequence: `will be slow between ${nodes.length} nodes with real accelerators`,
        fix: "if the machines have RDMA, use Fabric.EFA, Fabric.INFINIBAND or Fabric.ROCE",
      },
  }),
  errorRule("RC095", {
    title: "RDMA is not switched off on an RDMA fabric",
    why: "NCCL would silently use sockets.",
    check: (spec) =>
      findFabric(spec.fabric)?.rdma &&
      spec.environment.NCCL_IB_DISABLE === "1" &&
      Object.keys(fabricPins(spec)).length > 0 && {
        path: "environment.NCCL_IB_DISABLE",
        got: show("1"),
        must: `not be 1 with the fabric '${spec.fabric}'`,
        fix: REMOVE_PIN,
      },
  }),
];

function isEmulated({ pools }: ClusterSpec): boolean {
  return pools.some((pool) => pool.accelerator?.emulated);
}
