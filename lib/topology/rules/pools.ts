import { allAccelerators } from "../../catalog/accelerators";
import { rayLimit } from "../../catalog/ray-limits";
import { checkWhole, isWhole, unless } from "../../problems/checks";
import { type ErrorFinding, errorRule, type Found, warningRule } from "../../problems/rule";
import { didYouMean, show } from "../../problems/text";
import { engineKind } from "../engine-spec";
import { MAXIMUM_NODES } from "../plan/limits";
import type { ClusterSpec, PoolSpec } from "../plan/spec";
import type { ClusterErrorRule, ClusterRule, PlanFacts } from "./rule";

export const poolRules: readonly ClusterRule[] = [
  errorRule("RC010", {
    title: "A cluster has at least one pool",
    why: "The first node of the first pool is the head.",
    check: ({ pools }) =>
      pools.length === 0 && {
        path: "pools",
        got: "an empty list",
        must: "contain at least one pool",
        fix: "add { name: 'gpu', nodes: 2, accelerator: Accelerator.H100 }",
      },
  }),
  errorRule("RC011", {
    title: `A pool has 1 to ${MAXIMUM_NODES} nodes`,
    why: "A pool without nodes, or with a fraction of one, cannot be created.",
    check: eachPool(({ nodes }, path) =>
      unless(isWhole(nodes, 1, MAXIMUM_NODES), {
        path: `${path}.nodes`,
        got: show(nodes),
        must: `be a whole number from 1 to ${MAXIMUM_NODES}`,
        fix: nodes === 0 ? "remove the pool or give it a node" : "set it to the pool's number of machines",
      }),
    ),
  }),
  errorRule("RC012", {
    title: "A node has no more accelerators than its machine",
    why: "Ray would advertise accelerators that do not exist, and the engine's ranks would fail on them.",
    check: eachPool(
      ({ accelerator, acceleratorsPerNode }, path) =>
        accelerator !== undefined &&
        !isWhole(acceleratorsPerNode, 1, accelerator.maximumPerNode) && {
          path: `${path}.acceleratorsPerNode`,
          got: show(acceleratorsPerNode),
          must: `be a whole number from 1 to ${accelerator.maximumPerNode} (${accelerator.title})`,
          fix: `leave it out to use the usual ${accelerator.usualPerNode}`,
        },
    ),
  }),
  errorRule("RC013", {
    title: "The accelerator is in the catalogue",
    why: "The catalogue holds the devices, mounts and variables that the containers need.",
    check: eachPool(
      ({ acceleratorId: id, accelerator }, path) =>
        id !== undefined &&
        accelerator === undefined && {
          path: `${path}.accelerator`,
          got: show(id),
          must: "be an accelerator in the catalogue",
          // The figures of a name are its meaning: an 'h20' is no 'h200', which has more memory.
          fix: didYouMean(
            id,
            allAccelerators().flatMap((row) => (figures(row.id) === figures(id) ? [row.id] : [])),
            "use a constant of Accelerator, e.g. Accelerator.H100, or Accelerator.fromFacts for another kind",
          ),
        },
    ),
  }),
  errorRule("RC014", {
    title: "At least one pool has accelerators",
    why: "The engine places one rank on each accelerator; only RayOnly runs without any.",
    check: ({ engine, pools }) =>
      engineKind(engine) !== "none" &&
      pools.length > 0 &&
      !pools.some((pool) => pool.acceleratorId !== undefined) && {
        path: "pools",
        got: "only pools without accelerators",
        must: "contain a pool with accelerators",
        fix: "set the accelerator of a pool; Accelerator.EMULATED_GPU needs no hardware",
      },
  }),
  errorRule("RC015", {
    title: "All accelerators belong to one family",
    why: "Collectives work neither across libraries (NCCL, HCCL, ...) nor between real and emulated devices.",
    check: eachPool(({ accelerator, acceleratorId }, path, _, spec) => {
      const [first] = accelerated(spec);
      return (
        accelerator &&
        accelerator.family !== first.accelerator?.family && {
          path: `${path}.accelerator`,
          got: show(acceleratorId),
          must: `be of the family '${first.accelerator?.family}', like pool '${first.name}'`,
          fix: `use '${first.acceleratorId}' here as well, or declare two clusters`,
        }
      );
    }),
  }),
  errorRule("RC016", {
    title: "Real accelerators are declared on a backend with real machines",
    why: "A backend that emulates machines maps /dev/null to the device nodes, so the engine would find no device.",
    check: eachPool(
      ({ accelerator, acceleratorId }, path, { place }) =>
        place.emulated &&
        accelerator &&
        !accelerator.emulated && {
          path: `${path}.accelerator`,
          got: show(acceleratorId),
          must: `be an emulated accelerator on the '${place.backend}' backend`,
          fix: `use '${accelerator.rayResource === "NPU" ? "emulated-npu" : "emulated-gpu"}', or another backend`,
        },
    ),
  }),
  warningRule("RC017", {
    title: "All pools have the same kind of accelerator",
    why: "The ranks of an engine wait for the slowest kind and must fit into the smallest memory.",
    check: (spec) => {
      const kinds = [...new Set(spec.pools.flatMap((pool) => pool.accelerator ?? []))];
      const sameFamily = new Set(kinds.map((kind) => kind.family)).size === 1;
      return unless(kinds.length < 2 || !sameFamily, {
        path: "pools",
        got: kinds.map((kind) => kind.id).join(" and "),
        consequence: "run at the pace of the slowest kind, with memory planned for the smallest",
        fix: "use one kind of accelerator per cluster",
      });
    },
  }),
  warningRule("RC018", {
    title: "All pools with accelerators have the same number per node",
    why: "An engine splits its ranks by a single number of accelerators per node.",
    check: (spec) => {
      const counts = [...new Set(accelerated(spec).map((pool) => pool.acceleratorsPerNode))];
      return unless(counts.length < 2, {
        path: "pools",
        got: `${counts.join(" and ")} accelerators per node`,
        consequence: "cannot all be used in full: an engine splits its ranks by a single number",
        fix: `give every pool ${Math.min(...counts)}`,
      });
    },
  }),
  errorRule("RC019", {
    title: "A pool without an accelerator has no number of accelerators",
    why: "The number alone does not say which devices the containers need.",
    check: eachPool(({ acceleratorId, acceleratorsPerNode }, path) =>
      unless(acceleratorId !== undefined || acceleratorsPerNode === 0, {
        path: `${path}.acceleratorsPerNode`,
        got: show(acceleratorsPerNode),
        must: "be left out in a pool without an accelerator",
        fix: "set the pool's accelerator, or leave the number out",
      }),
    ),
  }),
  errorRule("RC004", {
    title: "Chosen devices are distinct whole numbers from 0 on",
    why: "Each is the number of a device node of the machines, and a container has each of them once.",
    check: eachPool(
      ({ devices }, path) =>
        devices !== undefined &&
        (devices.length === 0
          ? {
              path: `${path}.devices`,
              got: "an empty list",
              must: "name at least one device",
              fix: "leave it out for the first ones",
            }
          : unless(devices.every((n) => isWhole(n, 0)) && new Set(devices).size === devices.length, {
              path: `${path}.devices`,
              got: `[${devices.join(", ")}]`,
              must: "be different whole numbers of at least 0",
              fix: "name each device once, e.g. [4, 5, 6, 7] for /dev/nvidia4 to /dev/nvidia7",
            })),
    ),
  }),
  errorRule("RC005", {
    title: "Devices are chosen only where each has a device node of its own",
    why: "Otherwise every container gets all device nodes of the machine, and the choice would have no effect.",
    check: eachPool(
      ({ accelerator, acceleratorId, devices }, path) =>
        devices !== undefined &&
        (acceleratorId === undefined || accelerator?.indexedDevice === null) && {
          path: `${path}.devices`,
          got: `[${devices.join(", ")}]`,
          must:
            acceleratorId === undefined
              ? "be left out in a pool without an accelerator"
              : `be left out with ${accelerator?.title}, whose device nodes are mapped all together`,
          fix: "remove it",
        },
    ),
  }),
  errorRule("RC006", {
    title: "As many devices are chosen as the node's accelerators need",
    why: "The engine places one rank on each accelerator of the plan.",
    check: eachPool(({ accelerator, acceleratorsPerNode, devices }, path) => {
      const each = accelerator?.acceleratorsPerDevice ?? 1;
      const chosen = (devices?.length ?? 0) * each;
      return unless(devices === undefined || devices.length === 0 || chosen === acceleratorsPerNode, {
        path: `${path}.acceleratorsPerNode`,
        got: show(acceleratorsPerNode),
        must: `be ${chosen}, as many as the chosen devices have`,
        fix: "leave it out, or choose other devices",
      });
    }),
  }),
  errorRule("RC009", {
    title: "A pool names a machine type only where machines are created",
    why: "Existing machines, containers and machines of other resources have the type that they have.",
    check: eachPool(({ machineType }, path, { place }) =>
      unless(machineType === undefined || place.createsMachines === true, {
        path: `${path}.machineType`,
        got: show(machineType),
        must: `be left out on the backend '${place.backend}', which creates no machines`,
        fix: "declare accelerator and acceleratorsPerNode instead",
      }),
    ),
  }),
  errorRule("RC202", {
    title: "CPUs, object store and shared memory of a node are whole numbers within Ray's limits",
    why: "Ray refuses to start with a smaller object store, and moves it to disk where shared memory cannot hold it.",
    check: (_, { place: { cpusPerNode, objectStoreMiB, sharedMemoryMiB } }) => {
      const minimum = rayLimit("object-store-minimum").mib;
      const leastSharedMemory = isWhole(objectStoreMiB, minimum) ? objectStoreMiB : minimum;
      return [
        checkWhole(
          { path: "backend.cpusPerNode", value: cpusPerNode },
          1,
          "leave it out to let Ray count the machine's CPUs",
        ),
        checkWhole(
          { path: "backend.objectStoreMiB", value: objectStoreMiB },
          minimum,
          "leave it out to use the backend's default",
        ),
        checkWhole(
          { path: "backend.sharedMemoryMiB", value: sharedMemoryMiB },
          leastSharedMemory,
          "leave it out to have it computed from the accelerators and the object store, which is part of it",
        ),
      ];
    },
  }),
];

type PoolCheck = (pool: PoolSpec, path: string, facts: PlanFacts, spec: ClusterSpec) => Found<ErrorFinding>;

function eachPool(check: PoolCheck): ClusterErrorRule["check"] {
  return (spec, facts) => spec.pools.map((pool, index) => check(pool, `pools[${index}]`, facts, spec));
}

function accelerated({ pools }: ClusterSpec): readonly PoolSpec[] {
  return pools.filter((pool) => pool.accelerator !== undefined);
}

function figures(name: string): string {
  return (name.match(/\d+/g) ?? []).join(" ");
}
