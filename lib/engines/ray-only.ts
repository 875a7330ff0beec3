import type { EngineContext, EngineSpec, IEngine } from "../topology/engine-spec";

/**
 * Only Ray runs: the cluster is ready once every planned node is a member.
 *
 * @example
 * new RayOnly();
 */
export class RayOnly implements IEngine {
  public readonly engineName = "ray";

  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- an implementation keeps the interface's parameters
  public bind(_context: EngineContext): EngineSpec {
    return { name: this.engineName, argv: [], environment: {}, files: [], ports: [], rayVersions: {} };
  }
}
