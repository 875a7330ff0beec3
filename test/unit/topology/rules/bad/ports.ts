import { engine } from "../../../../support/engines";
import { type BadInput, environment } from "./bad-input";

export const BAD_PORTS: readonly BadInput[] = [
  {
    props: { ports: { gcs: 80 } },
    rule: "RC030",
    path: "ports.gcs",
    got: "80",
  },
  {
    props: { ports: { nodeManager: 70000 } },
    rule: "RC030",
    path: "ports.nodeManager",
    got: "70000",
  },
  {
    props: { ports: { workersFrom: 12000 } },
    rule: "RC036",
    path: "ports.workersFrom",
    got: "12000-10999",
  },
  {
    props: { ports: { gcs: 8265 } },
    rule: "RC031",
    path: "ports.gcs",
    got: "8265",
  },
  {
    props: { ports: { objectManager: 16666 } },
    rule: "RC031",
    path: "ports.objectManager",
    got: "16666",
  },
  {
    props: { engine: engine({ port: 10500 }) },
    rule: "RC031",
    path: "engine.port",
    got: "10500",
  },
  {
    props: { engine: engine({ ports: [{ name: "rendezvous", from: 6378, to: 6378, where: "head" }] }) },
    rule: "RC031",
    path: "engine.ports.rendezvous",
    got: "6378",
  },
  {
    props: {
      engine: engine({
        port: 23333,
        argv: ["vllm", "serve", "--kv-transfer-config", '{"kv_connector":"MooncakeConnectorV1"}'],
      }),
    },
    rule: "RC031",
    path: "engine.port",
    got: "23333",
  },
  {
    props: environment("HCCL_IF_BASE_PORT", "16660"),
    rule: "RC031",
    path: "environment.HCCL_IF_BASE_PORT",
    got: "16660-16691",
  },
  {
    props: { ports: { workersFrom: 10002, workersTo: 10010 } },
    rule: "RC032",
    path: "ports.workersTo",
    got: "10002-10010 (9 ports)",
  },
  {
    props: { ports: { gsc: 6400 } as object },
    rule: "RC033",
    path: "ports.gsc",
    got: "'gsc'",
  },
  {
    props: { engine: engine({ port: 0 }) },
    rule: "RC030",
    path: "engine.port",
    got: "0",
  },
];
