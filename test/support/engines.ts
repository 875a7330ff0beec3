import type { EngineApi, EngineSpec, IEngine } from "../../lib/topology/engine-spec";

/** An engine that answers with what it is told, for the rules that look at engines. */
export function engine(change: Partial<EngineSpec & EngineApi> = {}): IEngine {
  const { port = 8000, healthPath = "/health", servedModel = "m", ...rest } = change;
  const { proof = [{ kind: "chat", path: "/v1/chat/completions", body: {} }], ...others } = rest;
  const spec: EngineSpec = {
    name: "test",
    argv: ["serve"],
    api: { port, healthPath, servedModel, proof },
    environment: {},
    files: [],
    ports: [],
    rayVersions: {},
    ...others,
  };
  return { engineName: spec.name, bind: () => spec };
}
