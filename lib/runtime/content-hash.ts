import { createHash } from "node:crypto";
import { remembered } from "./remembered";

/** Long enough to tell apart all contents that one cluster will ever have, short enough to be said. */
const DIGITS = 12;

/** The first 12 hexadecimal digits of the SHA-256 of a text's bytes in UTF-8. */
export function contentHash(text: string): string {
  return hexadecimal(text).slice(0, DIGITS);
}

/** The SHA-256 of a text that several nodes share, in hexadecimal digits. */
export const sha256 = remembered(hexadecimal);

function hexadecimal(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
