import { harmless } from "../../problems/text";

/** Writes for a person. What machines and nodes have said passes here, and none of it is obeyed by a terminal. */
export function print(text: string): void {
  process.stdout.write(harmless(text));
}

/** The same for what goes wrong. */
export function printError(text: string): void {
  process.stderr.write(harmless(text));
}
