import type { OwnedFlag } from "../extra-arguments";

/** Flags of `lmdeploy serve api_server` that the properties or the cluster set. */
export const LMDEPLOY_FLAGS: readonly OwnedFlag[] = [
  { names: ["--model-name"], property: "servedModelName" },
  { names: ["--server-name"], property: "listenAddress" },
  { names: ["--backend", "--device", "--distributed-executor-backend"] },
  { names: ["--nnodes", "--node-rank", "--dist-init-addr", "--proxy-url"] },
  { names: ["--server-port"], property: "port" },
  { names: ["--api-keys"], property: "apiKeys" },
  { names: ["--ssl"], property: "tls" },
  { names: ["--tp"], property: "tensorParallelSize" },
  { names: ["--dp"], property: "dataParallelSize", eitherWay: true },
  { names: ["--ep"], property: "expertParallelSize", eitherWay: true },
  { names: ["--eager-mode"], property: "eagerMode" },
  { names: ["--session-len"], property: "sessionLength" },
  { names: ["--cache-max-entry-count"], property: "cacheMaxEntryCount" },
  { names: ["--dtype"], property: "dtype" },
  { names: ["--quant-policy"], property: "quantPolicy", eitherWay: true },
];
