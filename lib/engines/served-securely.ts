import * as path from "node:path";
import type { EngineApi, EngineSecret, RuntimeFile } from "../topology/engine-spec";
import { SECRET_FOLDER, type SecretRef } from "../topology/values/secret-ref";

/** Certificate and key with which an engine's API speaks TLS: PEM files. */
export interface ServerTls {
  /** The certificate, followed by those of its issuers where the clients do not have them. */
  readonly certificate: SecretRef;
  /** The private key, without a passphrase. */
  readonly key: SecretRef;
}

/** How an engine's API is protected. */
export interface ApiProtection {
  readonly apiKeys?: SecretRef;
  readonly tls?: ServerTls;
}

const KEYS = "api-keys";
const CERTIFICATE = "tls-certificate";
const KEY = "tls-key";
const LAUNCHER = "/opt/ray-cluster/with_api_keys.py";

/** Path of the file with the keys in the head's container. */
export const KEYS_FILE = `${SECRET_FOLDER}/${KEYS}`;
/** Paths of the PEM files in the head's container. */
export const TLS_FILES = { certificate: `${SECRET_FOLDER}/${CERTIFICATE}`, key: `${SECRET_FOLDER}/${KEY}` };

/** The files in the head's container. */
export function protectionSecrets({ apiKeys, tls }: ApiProtection): readonly EngineSecret[] {
  return [
    ...(apiKeys === undefined ? [] : [{ name: KEYS, ref: apiKeys, path: "engine.apiKeys" }]),
    ...(tls === undefined
      ? []
      : [
          { name: CERTIFICATE, ref: tls.certificate, path: "engine.tls.certificate" },
          { name: KEY, ref: tls.key, path: "engine.tls.key" },
        ]),
  ];
}

/** How the head asks such an API. It knows the engine by the very certificate that the engine was given. */
export function protectedApi({ apiKeys, tls }: ApiProtection): Pick<EngineApi, "apiKeyFile" | "tls"> {
  return {
    ...(apiKeys === undefined ? {} : { apiKeyFile: KEYS_FILE }),
    ...(tls === undefined ? {} : { tls: { authority: TLS_FILES.certificate } }),
  };
}

/**
 * The command that starts an engine whose keys are arguments, so that no command line shows them.
 *
 * @param option the engine's, without dashes
 */
export function withApiKeys(
  { apiKeys }: ApiProtection,
  option: string,
  argv: readonly string[],
): readonly string[] {
  return apiKeys === undefined ? argv : ["python3", LAUNCHER, option, KEYS_FILE, ...argv];
}

/** What that command needs in the container. */
export function protectionFiles({ apiKeys }: ApiProtection): readonly RuntimeFile[] {
  return apiKeys === undefined
    ? []
    : [{ path: LAUNCHER, source: path.join(__dirname, path.posix.basename(LAUNCHER)) }];
}
