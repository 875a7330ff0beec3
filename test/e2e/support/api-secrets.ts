import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What is asked of an API that speaks TLS. */
export interface SecureQuestion {
  /** Of the same API without TLS. */
  readonly url: string;
  /** Folder with the files of the API's protection. */
  readonly secrets: string;
  readonly model: string;
  readonly key: string | undefined;
}

const KEY = `key-${"0123456789abcdef".repeat(2)}`;

/** The files of an API's protection, in a folder of their own. @returns the first of two keys */
export function makeSecrets(folder: string, name: string): string {
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, "api-keys"), `${KEY}\nanother-${KEY.slice(4)}\n`, { mode: 0o600 });
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "certificate.pem")];
  const about = ["-nodes", "-days", "2", "-subj", `/CN=${name}`];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", ...about, ...files], { stdio: "ignore" });
  return KEY;
}

/** A chat over TLS, where the certificate is the one that was given. */
export function askSecurely({ url, secrets, model, key }: SecureQuestion): Promise<Answer> {
  const messages = [{ role: "user", content: "Who is there?" }];
  const body = JSON.stringify({ model, messages, max_tokens: 40, temperature: 0 });
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url.replace("http:", "https:")}/v1/chat/completions`,
      {
        method: "POST",
        ca: readFileSync(join(secrets, "certificate.pem")),
        checkServerIdentity: () => undefined,
        headers: {
          "Content-Type": "application/json",
          ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
        },
        timeout: 60_000,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() });
        });
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
