import { Lazy } from "cdktf";
import { TermsRecord } from "../../../lib/terraform/terms-record";
import { Synthesized } from "../../support/synth";

const recordOf = (terms: { readonly [name: string]: unknown }) => {
  const stack = Synthesized.of((scope) => {
    new TermsRecord(scope, "lives", terms);
  });
  stack.remove();
  return stack.resources("terraform_data").lives;
};

describe("TermsRecord", () => {
  it("keeps numbers, Booleans, lists and groups as what they are", () => {
    const terms = { nodes: 2, engine: { eager: true, zero: 0, extraArguments: ["--a", "1"] }, image: "a:b" };
    expect(recordOf(terms).input).toEqual(terms);
  });

  it("leaves out what is not declared", () => {
    expect(recordOf({ nodes: 2, engine: { maxModelLen: undefined } }).input).toEqual({
      nodes: 2,
      engine: {},
    });
  });

  it("escapes what Terraform would read as a template, in names too", () => {
    expect(recordOf({ "a${b}": "%{c}", list: ["${d}"] }).input).toEqual({
      "a$${b}": "%%{c}",
      list: ["$${d}"],
    });
  });

  it("has nothing but its input, so that a change never replaces it", () => {
    expect(Object.keys(recordOf({ nodes: 2 })).filter((name) => name !== "//")).toEqual(["input"]);
  });

  it("has what is known only at apply as Terraform fills it in", () => {
    const token = Lazy.stringValue({ produce: () => "${var.image}" });
    expect(recordOf({ image: `${token}:v1` }).input).toEqual({ image: "${var.image}:v1" });
  });
});
