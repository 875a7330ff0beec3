import { inspectImage } from "../../../../lib/cli/images/inspect-image";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const REFERENCE = "quay.io/ascend/vllm-ascend:v0.23.0";
const THERE: Answer = "image inspect --format {{.Id}} *|0|sha256:1";

function contents(change: object = {}): Answer {
  const found = {
    python: "3.12.9",
    packages: { ray: "2.48.0", vllm: "0.23.0" },
    programs: ["pip"],
    shellFiles: [],
    user: 0,
    ...change,
  };
  return `run *|0|${JSON.stringify(found)}`;
}

describe("inspectImage", () => {
  let fakes: FakePrograms;
  afterEach(() => {
    fakes.restore();
  });

  async function inspected(...answers: readonly Answer[]): Promise<string> {
    fakes = new FakePrograms({ docker: answers });
    return inspectImage(REFERENCE, recorded().progress);
  }

  it("prints versions, digest and the declaration to paste", async () => {
    const text = await inspected(THERE, `image inspect *|0|quay.io/ascend/vllm-ascend@${DIGEST}`, contents());
    expect(text.split("\n")).toEqual([
      "what    value",
      `digest  ${DIGEST}`,
      "python  3.12.9",
      "ray     2.48.0",
      "vllm    0.23.0",
      "",
      `image: ContainerImage.of("${REFERENCE}@${DIGEST}", { rayVersion: "2.48.0", pythonVersion: "3.12.9" }),`,
    ]);
    expect(fakes.calls().filter((call) => call.startsWith("docker pull"))).toEqual([]);
  });

  it("pulls an image that the engine lacks", async () => {
    await inspected(
      "image inspect --format {{.Id}} *|1|No such image",
      "pull *|0|",
      `image inspect *|0|quay.io/ascend/vllm-ascend@${DIGEST}`,
      contents(),
    );
    expect(fakes.calls()).toContain(`docker pull ${REFERENCE}`);
  });

  it("runs the image without network, with nothing mounted", async () => {
    await inspected(THERE, "image inspect *|0|", contents());
    expect(fakes.calls().filter((call) => call.startsWith("docker run"))).toEqual([
      `docker run --rm --interactive --network none --entrypoint python3 ${REFERENCE} -`,
    ]);
  });

  it("takes the digest of the repository that was asked for", async () => {
    const other = `sha256:${"f".repeat(64)}`;
    const digests = `mirror.example/vllm@${other}\\nquay.io/ascend/vllm-ascend@${DIGEST}`;
    expect(await inspected(THERE, `image inspect *|0|${digests}`, contents())).toContain(`@${DIGEST}"`);
  });

  it("declares an image of vLLM without Ray with the Ray that its releases had", async () => {
    const text = await inspected(
      THERE,
      `image inspect *|0|quay.io/ascend/vllm-ascend@${DIGEST}`,
      contents({ packages: { vllm: "0.33.0" } }),
    );
    expect(text).toContain(
      `ContainerImage.withPythonPackages(ContainerImage.of("${REFERENCE}@${DIGEST}", { pythonVersion: "3.12.9" }), ["ray==2.48.0"]),`,
    );
    expect(text).toContain("It holds no Ray");
  });

  it("names the files of the image that only a shell reads, for a node to read, and says that there is no digest", async () => {
    const file = "/usr/local/Ascend/nnal/atb/set_env.sh";
    const text = await inspected(THERE, "image inspect *|0|", contents({ shellFiles: [file] }));
    expect(text).toContain(`These files set variables for a shell: ${file}.`);
    expect(text).toContain(`pythonVersion: "3.12.9", shellFiles: ["${file}"] })`);
    expect(text).toContain("none: the image was built or loaded here");
    expect(text).toContain(`ContainerImage.of("${REFERENCE}", {`);
  });

  it("of an image without Python says so", async () => {
    await expect(
      inspected(THERE, "image inspect *|0|", 'run *|127|exec: "python3": executable file not found'),
    ).rejects.toMatchObject({
      message: expect.stringContaining('exec: "python3": executable file not found'),
      fix: expect.stringContaining("python3 in PATH"),
    });
  });

  it("of an image that cannot be pulled passes on what Docker says", async () => {
    await expect(inspected("image inspect *|1|", "pull *|1|manifest unknown")).rejects.toThrow(
      "manifest unknown",
    );
  });
});
