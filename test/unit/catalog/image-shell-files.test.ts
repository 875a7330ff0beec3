import { findEngineRelease } from "../../../lib/catalog/engine-releases";
import { shellFilesOf } from "../../../lib/catalog/image-shell-files";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";

const ASCEND = "quay.io/ascend/vllm-ascend:v0.23.0";
const DIGEST = `@sha256:${"0".repeat(64)}`;

describe("the shell files of an image", () => {
  it.each([
    [ASCEND, ["/root/.bashrc"]],
    [`${ASCEND}-a3${DIGEST}`, ["/root/.bashrc"]],
    [`m.daocloud.io/${ASCEND}`, ["/root/.bashrc"]],
    ["registry.internal:5000/vllm-ascend:v0.23.0", []],
    ["vllm/vllm-openai:v0.33.0", []],
  ])("are those of its repository: %s", (reference, files) => {
    expect(shellFilesOf(reference)).toEqual(files);
  });

  it("have the mirrors of the engine's releases", () => {
    for (const mirror of findEngineRelease(ASCEND)?.release.mirrors ?? [""]) {
      expect(shellFilesOf(`${mirror}:v0.23.0`)).toEqual(["/root/.bashrc"]);
    }
  });

  it.each([
    ["nothing", undefined, ["/root/.bashrc"]],
    ["other files", ["/opt/set_env.sh"], ["/opt/set_env.sh"]],
    ["an empty list", [], []],
  ])("where %s is declared are %j → %j, also of what is derived", (_what, shellFiles, expected) => {
    const image = ContainerImage.of(ASCEND, { rayVersion: "2.48.0", shellFiles });
    expect(image.shellFiles).toEqual(expected);
    expect(ContainerImage.withPythonPackages(image, ["ray==2.48.0"]).shellFiles).toEqual(expected);
  });
});
