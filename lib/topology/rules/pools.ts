import { allAccelerators } from "../../catalog/accelerators";
import { MAXIMUM_NODES } from "../plan/limits";
import type { ClusterSpec, PoolSpec } from "../plan/spec";
import type { Finding, Rule } from "./rule";
import { didYouMean, show } from "../../problems/text";

export const poolRules: readonly Rule[] = [
  {
    id: "RC010",
    level: "error",
    title: "A cluster has at least one pool",
    why: "The first node of the first pool is the head.",
    check: (spec) =>
      spec.pools.length > 0
        ? []
        : [
            {
              path: "pools",
              got: "an empty list",
              allowed: "must hold at least one pool",
              fix: "add { name: 'gpu', nodes: 2, accelerator: Accelerator.H100 }",
            },
          ],
  },
  {
    id: "RC011",
    level: "error",
    title: "A pool has 1 to 1024 nodes",
    why: "A pool without nodes, or with half a node, cannot be created.",
    check: (spec) =>
      eachPool(spec, (pool, path) =>
        Number.isInteger(pool.nodes) && pool.nodes >= 1 && pool.nodes <= MAXIMUM_NODES
          ? []
          : [
              {
                path: `${path}.nodes`,
                got: show(pool.nodes),
                allowed: `must be a whole number from 1 to ${MAXIMUM_NODES}`,
                fix:
                  pool.nodes === 0 ? "remove the pool or give it a node" : "state how many machines it has",
              },
            ],
      ),
  },
  {
    id: "RC012",
    level: "error",
    title: "A node has no more accelerators than its machine",
    why: "Ray would announce accelerators that do not exist, and the engine's ranks would fail on them.",
    check: (spec) => eachPool(spec, checkCount),
  },
  {
    id: "RC013",
    level: "error",
    title: "The accelerator is in the catalogue",
    why: "Its row says which devices, mounts and variables the containers need.",
    check: (spec) =>
      eachPool(spec, (pool, path) =>
        pool.acceleratorId === undefined || pool.accelerator !== undefined
          ? []
          : [
              {
                path: `${path}.accelerator`,
                got: show(pool.acceleratorId),
                allowed: "must be an accelerator of the catalogue",
                fix: didYouMean(pool.acceleratorId, knownIds(), `use one of ${knownIds().join(", ")}`),
              },
            ],
      ),
  },
  {
    id: "RC014",
    level: "error",
    title: "At least one pool has accelerators",
    why: "The engine places one rank on each accelerator; only Ray alone (RayOnly) runs without.",
    check: (spec) =>
      spec.engine.kind === "none" ||
      spec.pools.length === 0 ||
      spec.pools.some((pool) => pool.acceleratorId !== undefined)
        ? []
        : [
            {
              path: "pools",
              got: "only pools without accelerators",
              allowed: "must hold a pool with accelerators",
              fix: "give a pool an accelerator, e.g. Accelerator.EMULATED_GPU to try it without hardware",
            },
          ],
  },
  {
    id: "RC015",
    level: "error",
    title: "All accelerators belong to one family",
    why: "Collectives do not cross from one library (NCCL, HCCL, ...) to another, nor from real devices to emulated ones.",
    check: checkFamilies,
  },
  {
    id: "RC016",
    level: "error",
    title: "Real accelerators stand in a real place",
    why: "A place that emulates machines maps /dev/null to the device nodes: the engine would find no device behind them.",
    check: (spec, { place }) =>
      eachPool(spec, (pool, path) =>
        place.emulated && pool.accelerator && !pool.accelerator.emulated
          ? [
              {
                path: `${path}.accelerator`,
                got: show(pool.acceleratorId),
                allowed: `must be an emulated accelerator on the backend '${place.backend}'`,
                fix: `use '${pool.accelerator.rayResource === "NPU" ? "emulated-npu" : "emulated-gpu"}' or another backend`,
              },
            ]
          : [],
      ),
  },
  {
    id: "RC017",
    level: "warning",
    title: "All pools hold the same accelerator",
    why: "Ranks of one engine wait for the slowest kind and must fit the smallest memory.",
    check: (spec) => {
      const kinds = [...new Set(spec.pools.flatMap((pool) => pool.accelerator ?? []))];
      const sameFamily = new Set(kinds.map((kind) => kind.family)).size === 1;
      return kinds.length < 2 || !sameFamily
        ? []
        : [
            {
              path: "pools",
              got: kinds.map((kind) => kind.id).join(" and "),
              allowed: "should hold one kind of accelerator",
              fix: "split the cluster, or reckon with the smaller kind",
            },
          ];
    },
  },
  {
    id: "RC018",
    level: "warning",
    title: "All pools with accelerators give the same number per node",
    why: "Engines cut their ranks by one number of accelerators per node.",
    check: (spec) => {
      const counts = [...new Set(accelerated(spec).map((pool) => pool.acceleratorsPerNode))];
      return counts.length < 2
        ? []
        : [
            {
              path: "pools",
              got: counts.join(" and "),
              allowed: "should have one number of accelerators per node",
              fix: `give every pool ${Math.min(...counts)}`,
            },
          ];
    },
  },
];

function checkCount(pool: PoolSpec, path: string): readonly Finding[] {
  const count = pool.acceleratorsPerNode;
  const finding = (allowed: string, fix: string) => [
    { path: `${path}.acceleratorsPerNode`, got: show(count), allowed, fix },
  ];
  if (pool.acceleratorId === undefined) {
    return count === 0
      ? []
      : finding("must be 0 in a pool without an accelerator", "name the accelerator or leave the number out");
  }
  if (pool.accelerator === undefined) {
    return [];
  }
  const { maximumPerNode, usualPerNode, title } = pool.accelerator;
  return Number.isInteger(count) && count >= 1 && count <= maximumPerNode
    ? []
    : finding(
        `must be a whole number from 1 to ${maximumPerNode} (${title})`,
        `leave it out for the usual ${usualPerNode}`,
      );
}

function checkFamilies(spec: ClusterSpec): readonly Finding[] {
  const first = accelerated(spec)[0];
  return eachPool(spec, (pool, path) =>
    !pool.accelerator || pool.accelerator.family === first?.accelerator?.family
      ? []
      : [
          {
            path: `${path}.accelerator`,
            got: show(pool.acceleratorId),
            allowed: `must be of the family '${first?.accelerator?.family}', as in pool '${first?.name}'`,
            fix: `use '${first?.acceleratorId}' here too, or make two clusters`,
          },
        ],
  );
}

function eachPool(
  spec: ClusterSpec,
  check: (pool: PoolSpec, path: string) => readonly Finding[],
): readonly Finding[] {
  return spec.pools.flatMap((pool, index) => check(pool, `pools[${index}]`));
}

function accelerated(spec: ClusterSpec): readonly PoolSpec[] {
  return spec.pools.filter((pool) => pool.accelerator !== undefined);
}

function knownIds(): readonly string[] {
  return allAccelerators().map((accelerator) => accelerator.id);
}
