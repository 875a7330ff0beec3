import { RayOnly } from "../../../../../lib/engines/ray-only";
import { SecretRef } from "../../../../../lib/topology/values/secret-ref";
import { engine } from "../../../../support/engines";
import type { BadInput } from "./bad-input";

const FILE = SecretRef.hostFile("/root/secret");

/** Mistakes in the secrets of an engine and in those by name; the model's are in `storage.ts`. */
export const BAD_SECRETS: readonly BadInput[] = [
  {
    props: { secrets: { WANDB_API_KEY: SecretRef.hostFile("wandb-secret") } },
    rule: "RC135",
    path: "secrets.WANDB_API_KEY",
    got: "a value (not shown)",
  },
  {
    props: {
      engine: engine({
        secrets: [{ name: "api-keys", ref: SecretRef.hostFile("sk-1"), path: "engine.apiKeys" }],
      }),
    },
    rule: "RC135",
    path: "engine.apiKeys",
    got: "a value (not shown)",
  },
  {
    props: { secrets: { WANDB_API_KEY: SecretRef.managed("wandb") } },
    rule: "RC139",
    path: "secrets.WANDB_API_KEY",
    got: "SecretRef.managed(id)",
  },
  {
    props: { secrets: { "WANDB-API-KEY": FILE } },
    rule: "RC163",
    path: "secrets.WANDB-API-KEY",
    got: "'WANDB-API-KEY'",
  },
  {
    props: { secrets: { MY_SETTING: FILE }, driverEnvironment: { MY_SETTING: "1" } },
    rule: "RC163",
    path: "secrets.MY_SETTING",
    got: "'MY_SETTING'",
  },
  {
    props: { engine: new RayOnly(), secrets: { WANDB_API_KEY: FILE } },
    rule: "RC164",
    path: "secrets.WANDB_API_KEY",
    got: "'WANDB_API_KEY'",
  },
];
