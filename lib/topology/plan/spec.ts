import { type AcceleratorFacts, findAccelerator } from "../../catalog/accelerators";
import type { Collective } from "../../catalog/facts";
import { findModel } from "../../catalog/models";
import type { ClusterProps, NodePool } from "../declaration/cluster-props";
import type { ContainerImage } from "../declaration/container-image";
import { pulledImage } from "../declaration/derived-image";
import type { EngineContext, EngineModel, EngineSecret, EngineSpec } from "../engine-spec";
import type { ContainerExtras, Deadlines, Retries } from "./plan";
import { normaliseDeadlines } from "./deadlines";
import { MAXIMUM_NODES } from "./limits";
import type { Model } from "../model/model";
import type { ModelSource } from "../values/model-source";
import type { Place } from "./place";
import { RANK_TABLE_VARIABLE, RankTableKind } from "../declaration/rank-table-kind";
import { secretsOf } from "./secrets";
import { modelFolder, modelsOf, storageFolder, storageOf } from "./declared-models";
import { IpcMode } from "../declaration/container-extras";
import type { IStorage } from "../declaration/storage";
import { parsePinnedPackage } from "../declaration/python-package";

/** A declaration with every default filled in and the engine bound; not yet checked. */
export interface ClusterSpec {
  readonly name: string;
  readonly pools: readonly PoolSpec[];
  /** Key of the fabric. */
  readonly fabric: string;
  readonly image: ImageSpec;
  /** Why Ray may be one that cannot authenticate; `undefined`: it may not. */
  readonly allowUnauthenticatedRay?: string;
  readonly internodeTls: boolean;
  readonly environment: { readonly [name: string]: string };
  readonly driverEnvironment: { readonly [name: string]: string };
  readonly addressVariables: readonly string[];
  readonly interfaceVariables: readonly string[];
  readonly withdrawnVariables: readonly string[];
  /** Overrides only, by the name of the property. */
  readonly ports: { readonly [property: string]: number | undefined };
  readonly deadlines: Deadlines;
  readonly retries: Retries;
  readonly engine: EngineSpec;
  /** As declared; `undefined`: what the engine's version reads. */
  readonly rankTable?: RankTableKind;
  readonly toleratedChecks: readonly string[];
  /** The model as numbers; `undefined`: not known. */
  readonly model?: Model;
  /** Where the model comes from; `undefined`: the cluster has none. */
  readonly modelSource?: ModelSource;
  /** Folder of the model in the containers. */
  readonly modelPath?: string;
  /** Every model that is brought to the nodes: the cluster's, and those that the engine reads besides. */
  readonly models: readonly PlacedModel[];
  /** Mounted into every container; a fetched model goes to the first. */
  readonly storage: readonly IStorage[];
  /** What every container gets as declared. */
  readonly extras: ContainerExtras;
  /** Files of the head's container. */
  readonly secrets: readonly EngineSecret[];
  /** Library of the first pool with known accelerators; `undefined`: no such pool. */
  readonly collective?: Collective;
}

/** A model with its folder in the containers. */
export interface PlacedModel extends EngineModel {
  readonly folder: string;
}

/** A pool with its defaults. */
export interface PoolSpec {
  readonly name: string;
  readonly nodes: number;
  /** `undefined`: not stated. */
  readonly machineType?: string;
  /** Key of the accelerator as declared; `undefined`: none. */
  readonly acceleratorId?: string;
  /** `undefined`: none declared, or unknown to the catalogue. */
  readonly accelerator?: AcceleratorFacts;
  readonly acceleratorsPerNode: number;
  /** In ascending order; `undefined`: the first ones. */
  readonly devices?: readonly number[];
}

/** The image as declared. */
export interface ImageSpec extends Omit<ContainerImage, "rayVersion"> {
  /** Empty: the image contains none. */
  readonly rayVersion: string;
}

/** What a declaration is completed with. */
type PlaceOfEngine = Pick<Place, "addresses" | "headAddress" | "startSpreadSeconds">;

/**
 * Fills in all defaults and binds the engine.
 *
 * @param place what the place decides; without it, the engine does not know the head's address
 */
export function normalise(props: ClusterProps, place?: PlaceOfEngine): ClusterSpec {
  const pools = props.pools.map(normalisePool);
  const accelerated = pools.filter((pool) => pool.accelerator && pool.acceleratorsPerNode > 0);
  const engine = props.engine.bind({
    ...shapeContext(props.name, accelerated),
    ...detailContext(props, place),
  });
  return {
    name: props.name,
    pools,
    fabric: props.fabric.id,
    image: { ...props.image, rayVersion: props.image.rayVersion ?? "" },
    allowUnauthenticatedRay: props.allowUnauthenticatedRay,
    internodeTls: props.internodeTls === true,
    environment: { ...props.environment },
    driverEnvironment: { ...props.driverEnvironment },
    addressVariables: [...(props.addressVariables ?? [])],
    interfaceVariables: [...(props.interfaceVariables ?? [])],
    withdrawnVariables: [...(props.withdrawnVariables ?? [])],
    ports: { ...props.ports },
    deadlines: normaliseDeadlines(props, place?.startSpreadSeconds),
    retries: { engineStarts: props.engineStartAttempts ?? 3 },
    engine,
    rankTable: props.rankTable,
    toleratedChecks: [...(props.toleratedChecks ?? [])],
    model: knownModel(props.model),
    modelSource: props.model,
    modelPath: modelPathOf(props),
    models: modelsOf(props).map((model) => ({
      ...model,
      folder: modelFolder(model.source, storageFolder(storageOf(props))),
    })),
    storage: storageOf(props),
    extras: extrasOf(props),
    secrets: secretsOf(props, engine.secrets),
    collective: accelerated[0]?.accelerator?.collective,
  };
}

/** Nodes of a pool, limited to a number that is safe to iterate over, whatever was declared. */
export function countableNodes(pool: PoolSpec): number {
  return Number.isInteger(pool.nodes) ? Math.min(Math.max(pool.nodes, 0), MAXIMUM_NODES) : 0;
}

/** The model's numbers; `undefined` also where the catalogue does not hold its key. */
function knownModel({ model }: Partial<ModelSource> = {}): Model | undefined {
  return model?.id !== undefined && findModel(model.id) === undefined ? undefined : model;
}

function extrasOf(props: ClusterProps): ContainerExtras {
  const { extraDevices = [], extraMounts = [], extraCapabilities = [], ipc, readOnlyRoot = false } = props;
  return {
    devices: [...extraDevices],
    mounts: extraMounts.map(({ hostPath, mountPath, readOnly }) => ({
      source: hostPath,
      target: mountPath ?? hostPath,
      readOnly: readOnly ?? true,
    })),
    capabilities: extraCapabilities.map((name) => `CAP_${name.toUpperCase().replace(/^CAP_/, "")}`),
    isHostIpc: ipc === IpcMode.HOST,
    isRootReadOnly: readOnlyRoot,
  };
}

function modelPathOf(props: ClusterProps): string | undefined {
  return props.model && modelFolder(props.model, storageFolder(storageOf(props)));
}

function normalisePool(pool: NodePool): PoolSpec {
  const accelerator = pool.accelerator && findAccelerator(pool.accelerator.id);
  return {
    name: pool.name,
    nodes: pool.nodes,
    machineType: pool.machineType,
    acceleratorId: pool.accelerator?.id,
    accelerator,
    acceleratorsPerNode: pool.acceleratorsPerNode ?? acceleratorsOf(pool, accelerator),
    devices: pool.devices && [...pool.devices].sort((one, other) => one - other),
  };
}

function acceleratorsOf({ devices }: NodePool, accelerator: AcceleratorFacts | undefined): number {
  return devices === undefined
    ? (accelerator?.usualPerNode ?? 0)
    : devices.length * (accelerator?.acceleratorsPerDevice ?? 1);
}

/** What an engine may know besides the shape of the cluster. */
function detailContext(props: ClusterProps, place: PlaceOfEngine | undefined): Partial<EngineContext> {
  const { image, fabric, ports, addressVariables = [], interfaceVariables = [] } = props;
  return {
    headAddress: place?.addresses[props.pools[0]?.name ?? ""]?.[0] ?? place?.headAddress,
    gcsPort: ports?.gcs,
    nodeVariables: [...addressVariables, ...interfaceVariables],
    fabric: fabric.id,
    image: {
      reference: pulledImage(image),
      rayVersion: image.rayVersion ?? "",
      pythonVersion: image.pythonVersion,
      requirements: image.derived?.sources.flatMap(({ requirements }) => requirements ?? []),
      addedPackages: image.derived?.packages.flatMap((text) => parsePinnedPackage(text)?.name ?? []),
    },
    rankTable: hasRankTable(props),
    modelPath: modelPathOf(props),
    storageFolder: storageFolder(storageOf(props)),
    model: knownModel(props.model),
    modelName: props.model?.isOfHub === true ? props.model.location : undefined,
  };
}

/** `undefined`: the plan makes one where the engine's version reads one. */
function hasRankTable({ rankTable, environment }: ClusterProps): boolean | undefined {
  if (RANK_TABLE_VARIABLE in (environment ?? {})) {
    return true;
  }
  return rankTable && rankTable !== RankTableKind.NONE;
}

function shapeContext(clusterName: string, accelerated: readonly PoolSpec[]): EngineContext {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    clusterName,
    accelerators: sum(accelerated.map((pool) => countableNodes(pool) * pool.acceleratorsPerNode)),
    acceleratorNodes: sum(accelerated.map(countableNodes)),
    acceleratorsPerNode: accelerated[0]?.acceleratorsPerNode ?? 0,
    rayResource: accelerated[0]?.accelerator?.rayResource ?? "CPU",
    acceleratorId: accelerated[0]?.acceleratorId,
  };
}
