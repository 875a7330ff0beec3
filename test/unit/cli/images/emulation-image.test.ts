import { emulationImageTag } from "../../../../lib/docker/images/emulation-image";
import { ensureEmulationImage } from "../../../../lib/cli/images/emulation-image";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";

const ENGINE = { version: "20.10.24", architecture: "arm64" };
const TAG = emulationImageTag();

const NO_IMAGE: Answer = "image inspect *|1|No such image";
const NO_BUILDX: Answer = "buildx*|1|unknown command";
const NO_REGISTRY: Answer = "pull *|1|lookup registry.example: no such host";
const OK: Answer = "*|0|";

describe("ensureEmulationImage", () => {
  let fakes: FakePrograms;
  const asUser = jest.spyOn(process, "getuid");

  beforeEach(() => {
    asUser.mockReturnValue(0);
  });
  afterEach(() => {
    fakes.restore();
    asUser.mockReset();
  });

  function callsOf(...programs: readonly string[]): string[] {
    return fakes.calls().filter((call) => programs.includes(call.split(" ")[0] ?? ""));
  }

  it("builds nothing if the image exists", async () => {
    fakes = new FakePrograms({ docker: ["image inspect *|0|sha256:1"] });
    expect(await ensureEmulationImage(ENGINE, recorded().progress)).toBe(TAG);
    expect(fakes.calls()).toEqual([`docker image inspect --format {{.Id}} ${TAG}`]);
  });

  it("builds on the public image where a registry can be reached", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE, NO_BUILDX, OK], python3: [OK], debootstrap: [OK] });
    await ensureEmulationImage(ENGINE, recorded().progress);
    const built = callsOf("docker").find((call) => call.startsWith("docker build "));
    expect(built).toContain(`--network none --tag ${TAG} `);
    expect(built).toContain(
      "--build-arg BASE_IMAGE=python:3.11-slim-bookworm --build-arg RAY_VERSION=2.58.0 ",
    );
    expect(callsOf("debootstrap")).toEqual([]);
  });

  it("fetches wheels for the image's Python and architecture, pinned, with the host's pip", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE, NO_BUILDX, OK], python3: [OK] });
    await ensureEmulationImage(ENGINE, recorded().progress, { rayVersion: "2.47.1" });
    const fetched = callsOf("python3").find((call) => call.includes(" download "));
    expect(fetched).toContain("--only-binary=:all: --implementation cp --python-version 3.11 --abi cp311");
    expect(fetched).toContain("--platform manylinux2014_aarch64");
    expect(fetched).toMatch(
      /--constraint \S+\/emulation\/constraints\.txt ray==2\.47\.1 huggingface-hub modelscope-hub pip --dest /,
    );
  });

  it("fetches the wheels of the catalogue's Ray by their hashes", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE, NO_BUILDX, OK], python3: [OK] });
    await ensureEmulationImage(ENGINE, recorded().progress);
    const fetched = callsOf("python3").find((call) => call.includes(" download "));
    expect(fetched).toMatch(
      / --no-deps --require-hashes --requirement \S+\/emulation\/packages\.lock --dest /,
    );
    expect(fetched).not.toContain("--constraint");
  });

  it("without a registry names --base-image as the way out", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE, NO_REGISTRY], python3: [OK] });
    await expect(ensureEmulationImage(ENGINE, recorded().progress)).rejects.toMatchObject({
      message: expect.stringContaining("no container registry can be reached"),
      fix: expect.stringContaining("--base-image"),
    });
  });

  it("takes the base that is named, without a look at any registry", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE, NO_BUILDX, OK], python3: [OK] });
    await ensureEmulationImage(ENGINE, recorded().progress, { baseImage: "registry.example/python:3.11" });
    const calls = callsOf("docker").join("\n");
    expect(calls).toContain("--build-arg BASE_IMAGE=registry.example/python:3.11 ");
    expect(calls).not.toContain("docker pull");
  });

  it("installs pip where the host has none", async () => {
    fakes = new FakePrograms({
      docker: [NO_IMAGE, NO_BUILDX, OK],
      python3: ["*--version|1|No module named pip", OK],
      "apt-get": [OK],
    });
    await ensureEmulationImage(ENGINE, recorded().progress);
    expect(callsOf("apt-get")).toContain("apt-get install -y -q --no-install-recommends python3 python3-pip");
  });

  it("says how pip is set up when it cannot fetch", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE], python3: ["*download*|1|Could not find a version", OK] });
    await expect(ensureEmulationImage(ENGINE, recorded().progress)).rejects.toMatchObject({
      message: expect.stringContaining("Could not find a version"),
      fix: expect.stringContaining("PIP_INDEX_URL"),
    });
  });

  it("refuses an architecture that Ray has no wheels for", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE], python3: [OK] });
    const failed = ensureEmulationImage({ ...ENGINE, architecture: "riscv64" }, recorded().progress);
    await expect(failed).rejects.toThrow("amd64 and arm64 only, but the Docker engine runs on riscv64");
  });
});
