import { join } from "node:path";
import { findUnportable } from "../support/public-api";

const INDEX = join(__dirname, "../../lib/index.ts");

/** Complaints about a module that is in memory only. */
function complaints(code: string): string[] {
  const file = join(__dirname, "../in-memory.ts");
  return findUnportable(file, { [file]: code });
}

describe("the public API", () => {
  it("could be offered in other languages", () => {
    expect(findUnportable(INDEX)).toEqual([]);
  });
});

describe("findUnportable", () => {
  it.each([
    ["a function", "export function f(): void {}", "f: neither class, interface nor enum"],
    ["a constant", "export const c = 1;", "c: neither class, interface nor enum"],
    ["a generic class", "export class A<T> { public readonly t?: T[]; }", "A: generic"],
    ["a generic method", "export class A { public m<T>(): void {} }", "A.m: generic"],
    ["a tuple", "export interface P { readonly t: [string, number]; }", "P.t: a TupleType"],
    ["a callback", "export interface P { readonly f: () => void; }", "P.f: a FunctionType"],
    [
      "an inline object",
      "export interface P { readonly o: { readonly a: string }; }",
      "P.o: an inline object type",
    ],
    [
      "Omit",
      "export interface P { readonly o: Omit<Q, 'a'>; }\nexport interface Q {}",
      "P.o: Omit exists only here",
    ],
    [
      "a hidden type",
      "interface Q {}\nexport interface P { readonly q: readonly Q[]; }",
      "P.q: Q is not exported",
    ],
    [
      "a hidden parameter",
      "interface Q {}\nexport class A { public m(q: Q): void {} }",
      "A.m: Q is not exported",
    ],
    [
      "a hidden constructor",
      "interface Q {}\nexport class A { constructor(q: Q) {} }",
      "A.constructor: Q is not exported",
    ],
    [
      "an alias",
      "export type T = string | number;",
      "T: an alias of something else than a choice of strings",
    ],
  ])("finds %s", (_, code, complaint) => {
    expect(complaints(code)).toContain(complaint);
  });

  it("accepts classes, enums, maps, choices of strings, lists, and what is private or internal", () => {
    const code = `
      import type { Construct } from "constructs";
      interface Hidden {}
      export enum E { A, B }
      export type Choice = "a" | "b";
      export interface IThing { readonly choice?: Choice | undefined; readonly map: { readonly [key: string]: string } }
      export class Thing implements IThing {
        public readonly choice: Choice = "a";
        public readonly map = {};
        private readonly hidden?: Hidden;
        constructor(scope: Construct, private readonly things: readonly IThing[]) {}
        /** @internal */
        public _hidden(hidden: Hidden): Hidden { return this.hidden ?? hidden; }
        public count(): number { return this.things.length; }
      }`;
    expect(complaints(code)).toEqual([]);
  });
});
