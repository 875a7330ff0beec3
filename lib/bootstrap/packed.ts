import { gzipSync } from "node:zlib";
import { isLate } from "../problems/late-values";
import { remembered } from "../runtime/remembered";
import { BootError } from "./boot-spec";

/** Digits of RFC 1924, as Python's `base64.b85decode` reads them. */
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
/** Bytes that are written as one digit more. */
const GROUP = 4;

/**
 * A large constant text for a place that limits what a machine boots with: gzip in base 85, which is a sixteenth shorter than
 * base 64. `restore_bundle.py` reads it.
 */
export function packed(text: string): string {
  if (isLate(text)) {
    throw new BootError("the bundle holds a value that is known only at apply, and cannot be compressed");
  }
  return packedText(text);
}

/** Deterministic, because a machine is replaced when its text changes. */
const packedText = remembered((text) => {
  const bytes = gzipSync(text, { level: 9 });
  // The header names the operating system here; its time is 0 already.
  bytes[9] = 255;
  return base85(bytes);
});

/** As Python's `base64.b85encode`. */
export function base85(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let start = 0; start < bytes.length; start += GROUP) {
    let value = 0;
    for (let index = start; index < start + GROUP; index++) {
      value = value * 256 + (bytes[index] ?? 0);
    }
    let digits = "";
    for (let place = 0; place <= GROUP; place++) {
      digits = DIGITS[value % DIGITS.length] + digits;
      value = Math.floor(value / DIGITS.length);
    }
    groups.push(digits.slice(0, Math.min(GROUP, bytes.length - start) + 1));
  }
  return groups.join("");
}
