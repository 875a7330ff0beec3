import { OWN_IMAGES, ownImagesOf } from "../../../../tools/images/local-images";
import { localStackOf } from "../../../../tools/demo/synthesized-stack";
import { Local2x8 } from "../../../../stacks/local-2x8";
import { VllmCpu2x1 } from "../../../../stacks/vllm-cpu-2x1";
import { Synthesized } from "../../../support/synth";

describe("ownImagesOf", () => {
  it.each([
    ["local-2x8", Local2x8, ["emulation"]],
    ["vllm-cpu-2x1", VllmCpu2x1, ["vllm-cpu"]],
  ])("finds in stack %s the image that it names", (name, Stack, names) => {
    const synthesized = Synthesized.app((app) => new Stack(app, name), name);
    const images = localStackOf(name, synthesized.json)?.images ?? [];
    expect(ownImagesOf(images).map((image) => image.name)).toEqual(names);
    synthesized.remove();
  });

  it("leaves others to Docker", () => {
    expect(ownImagesOf(["registry.example/vllm:1", "cdktf-ray-cluster/emulation:other"])).toEqual([]);
  });
});

test("no two of our images have one name or one tag", () => {
  for (const keys of [OWN_IMAGES.map(({ name }) => name), OWN_IMAGES.map(({ tag }) => tag())]) {
    expect(new Set(keys).size).toBe(OWN_IMAGES.length);
  }
});
