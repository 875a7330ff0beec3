import { readFileSync } from "node:fs";
import * as path from "node:path";
import Ajv2020 from "ajv/dist/2020";
import type { App, TerraformStack } from "cdktf";
import schema from "../../../lib/review/review.schema.json";
import { LmdeployAscend2x8 } from "../../../stacks/lmdeploy-ascend-2x8";
import { Lmdeploy2x8H100 } from "../../../stacks/lmdeploy-2x8-h100";
import { LmdeployGpu2x8 } from "../../../stacks/lmdeploy-gpu-2x8";
import { Local2x8 } from "../../../stacks/local-2x8";
import { Local4x8 } from "../../../stacks/local-4x8";
import { Rehearsal2x1L4 } from "../../../stacks/rehearsal-2x1-l4";
import { Roll2x2 } from "../../../stacks/roll-2x2";
import { Vllm405b4x8B300 } from "../../../stacks/vllm-405b-4x8-b300";
import { Vllm405b4x8H100 } from "../../../stacks/vllm-405b-4x8-h100";
import { Vllm405bGoogle4x8H100 } from "../../../stacks/vllm-405b-google-4x8-h100";
import { Vllm405bLambda4x8H100 } from "../../../stacks/vllm-405b-lambda-4x8-h100";
import { VllmAscend2x8 } from "../../../stacks/vllm-ascend-2x8";
import { VllmCpu2x1 } from "../../../stacks/vllm-cpu-2x1";
import { expectGolden } from "../../support/golden";
import { boxesOf, overlaps, textsOutside } from "../../support/svg";
import { Synthesized } from "../../support/synth";

const STACKS: readonly (readonly [string, new (app: App, id: string) => TerraformStack])[] = [
  ["lmdeploy-2x8-h100", Lmdeploy2x8H100],
  ["lmdeploy-ascend-2x8", LmdeployAscend2x8],
  ["lmdeploy-gpu-2x8", LmdeployGpu2x8],
  ["local-2x8", Local2x8],
  ["local-4x8", Local4x8],
  ["rehearsal-2x1-l4", Rehearsal2x1L4],
  ["roll-2x2", Roll2x2],
  ["vllm-405b-4x8-b300", Vllm405b4x8B300],
  ["vllm-405b-4x8-h100", Vllm405b4x8H100],
  ["vllm-405b-google-4x8-h100", Vllm405bGoogle4x8H100],
  ["vllm-405b-lambda-4x8-h100", Vllm405bLambda4x8H100],
  ["vllm-ascend-2x8", VllmAscend2x8],
  ["vllm-cpu-2x1", VllmCpu2x1],
];
const ROOT = path.join(__dirname, "../../..");
const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);

test("every stack of the app is here", () => {
  const main = readFileSync(path.join(ROOT, "main.ts"), "utf8");
  expect(STACKS.map(([name]) => name).sort()).toEqual(
    [...main.matchAll(/^ {2}"([\w-]+)": /gm)].map(([, name]) => name).sort(),
  );
});

describe.each(STACKS)("the review of %s", (name, Stack) => {
  const { context } = JSON.parse(readFileSync(path.join(ROOT, "cdktf.json"), "utf8"));
  const stack = Synthesized.app((app) => {
    Object.entries<unknown>(context).forEach(([key, value]) => {
      app.node.setContext(key, value);
    });
    return new Stack(app, name);
  }, name);
  const page = stack.file("review.md");
  const review = JSON.parse(stack.file("review.json"));
  afterAll(() => {
    stack.remove();
  });

  test("is the golden page", () => {
    expectGolden(path.join(__dirname, "golden", "stacks", `${name}.md`), page);
  });

  test("has the first screen before everything else", () => {
    const rows = page.split("\n").slice(0, 20).join("\n");
    for (const row of ["Money", "Change", "Fit", "Time", "Reach", "Lost with destroy", "Warnings"]) {
      expect(rows).toContain(`| ${row} |`);
    }
  });

  test("is valid by its schema, which refuses what it does not know", () => {
    expect(validate(review) ? [] : validate.errors).toEqual([]);
    expect(validate({ ...review, further: 1 })).toBe(false);
    expect(validate({ ...review, schema: 2 })).toBe(false);
  });

  test("counts what is made as Terraform will", () => {
    expect(review.made).toEqual(stack.counts());
  });

  test("has a legible picture", () => {
    const svg = stack.file("review.svg");
    expect(boxesOf(svg).length).toBeGreaterThan(review.clusters[0].nodes.length);
    expect(overlaps(svg)).toEqual([]);
    expect(textsOutside(svg)).toEqual([]);
  });
});
