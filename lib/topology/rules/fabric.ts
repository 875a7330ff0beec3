import { allFabrics, fabricNeed, findFabric } from "../../catalog/fabrics";
import { fabricPins } from "../plan/environment";
import type { ClusterSpec } from "../plan/spec";
import type { Finding, Rule } from "./rule";
import { didYouMean, oneOf, show } from "../../problems/text";

export const fabricRules: readonly Rule[] = [
  {
    id: "RC090",
    level: "error",
    title: "The fabric is in the catalogue",
    why: "Its row says which devices and limits the containers need and which variables make it fail closed.",
    check: ({ fabric }) => {
      const known = allFabrics().map((row) => row.id);
      return known.includes(fabric)
        ? []
        : [
            {
              path: "fabric",
              got: show(fabric),
              allowed: `must be ${oneOf(known)}`,
              fix: didYouMean(fabric, known, "choose the network that joins the machines"),
            },
          ];
    },
  },
  {
    id: "RC091",
    level: "error",
    title: "The accelerators speak the fabric",
    why: "Their collective library has no transport for it and would take another, or fail.",
    check: (spec) => {
      const fabric = findFabric(spec.fabric);
      const { collective } = spec;
      if (!fabric || !collective || isEmulated(spec) || fabricNeed(fabric, collective)) {
        return [];
      }
      const usable = allFabrics()
        .filter((row) => fabricNeed(row, collective))
        .map((row) => row.id);
      return [
        {
          path: "fabric",
          got: show(spec.fabric),
          allowed: `must be ${oneOf(usable)} for accelerators that use ${collective.toUpperCase()}`,
          fix: `use '${usable[0]}'`,
        },
      ];
    },
  },
  {
    id: "RC092",
    level: "error",
    title: "Nothing set by hand undoes what the fabric pins",
    why: "The pins are what keeps a declared fabric from becoming TCP in silence.",
    check: checkPins,
  },
  {
    id: "RC093",
    level: "error",
    title: "Emulated accelerators are joined by TCP",
    why: "There is no RDMA device to map into their containers.",
    check: (spec) =>
      isEmulated(spec) && spec.fabric !== "tcp" && findFabric(spec.fabric)
        ? [
            {
              path: "fabric",
              got: show(spec.fabric),
              allowed: "must be 'tcp' with emulated accelerators",
              fix: "use Fabric.TCP",
            },
          ]
        : [],
  },
  {
    id: "RC094",
    level: "warning",
    title: "Real accelerators of several nodes are not joined by TCP",
    why: "Collectives over sockets are many times slower than over RDMA.",
    check: (spec, { nodes }) =>
      spec.fabric === "tcp" && spec.collective && !isEmulated(spec) && nodes.length > 1
        ? [
            {
              path: "fabric",
              got: show("tcp"),
              allowed: "is slow between nodes with real accelerators",
              fix: "declare the RDMA fabric of the machines if they have one",
            },
          ]
        : [],
  },
];

function checkPins(spec: ClusterSpec): readonly Finding[] {
  const pins = fabricPins(spec);
  const rdmaOff = findFabric(spec.fabric)?.rdma && spec.environment.NCCL_IB_DISABLE === "1";
  const finding = (name: string, value: string, allowed: string) => ({
    path: `environment.${name}`,
    got: show(value),
    allowed,
    fix: "remove it, or declare another fabric",
  });
  const contradicted = Object.entries(pins).flatMap(([name, pinned]) => {
    const value = spec.environment[name];
    return value === undefined || value === pinned
      ? []
      : [finding(name, value, `must be '${pinned}' with the fabric '${spec.fabric}'`)];
  });
  return rdmaOff && Object.keys(pins).length > 0
    ? [...contradicted, finding("NCCL_IB_DISABLE", "1", `must not be 1 with the fabric '${spec.fabric}'`)]
    : contradicted;
}

function isEmulated(spec: ClusterSpec): boolean {
  return spec.pools.some((pool) => pool.accelerator?.emulated);
}
