import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureEmulationImage } from "../../../../lib/cli/images/emulation-image";
import { DEBIAN_BASE } from "../../../../tools/supply/debian-base";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../../cli/said";

const ENGINE = { version: "20.10.24", architecture: "arm64" };

const NO_IMAGE: Answer = "image inspect *|1|No such image";
const NO_BUILDX: Answer = "buildx*|1|unknown command";
const NO_REGISTRY: Answer = "pull *|1|lookup registry.example: no such host";
const OK: Answer = "*|0|";

describe("DEBIAN_BASE, where no container registry can be reached", () => {
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

  it("makes the base of Debian packages from the mirror that the host uses", async () => {
    const answers = {
      docker: [NO_IMAGE, NO_BUILDX, NO_REGISTRY, OK],
      python3: [OK],
      debootstrap: [OK],
      "apt-get": [
        "indextargets*|0|Debian main bookworm-updates http://x/\\nDebian main bookworm http://mirror/debian/",
        OK,
      ],
    } as const;
    fakes = new FakePrograms({ ...answers, tar: [OK] });
    const { progress, said } = recorded();
    // A tar that only looks as if it had worked leaves nothing to keep.
    await expect(ensureEmulationImage(ENGINE, progress, { withoutRegistry: DEBIAN_BASE })).rejects.toThrow(
      /ENOENT.*root\.tar/,
    );
    expect(said.join("\n")).toContain(
      "no container registry can be reached: lookup registry.example: no such host",
    );
    expect(callsOf("debootstrap")[1]).toMatch(
      /^debootstrap --force-check-gpg --keyring=\/usr\/share\/keyrings\/debian-archive-keyring\.gpg --variant=minbase --arch=arm64 --include=openssl,python3 bookworm \S+\/root http:\/\/mirror\/debian\/$/,
    );
    expect(readdirSync(join(fakes.folder, "cache/cdktf-ray-cluster/images"))).toEqual([]);
  });

  it("unmounts and keeps nothing when debootstrap fails", async () => {
    fakes = new FakePrograms({
      docker: [NO_IMAGE, NO_BUILDX, NO_REGISTRY, OK],
      python3: [OK],
      debootstrap: ["--version|0|", "*|1|E: Couldn't download packages"],
      "apt-get": [OK],
      umount: [OK],
    });
    await expect(
      ensureEmulationImage(ENGINE, recorded().progress, { withoutRegistry: DEBIAN_BASE }),
    ).rejects.toThrow("Couldn't download packages");
    expect(callsOf("umount")[0]).toMatch(/^umount \S+\/root\/proc \S+\/root\/sys$/);
    expect(callsOf("docker").some((call) => call.startsWith("docker build"))).toBe(false);
    expect(existsSync(join(fakes.folder, "cache/cdktf-ray-cluster/images/base.tar"))).toBe(false);
  });

  it("without root names --base-image as the way out", async () => {
    asUser.mockReturnValue(1000);
    fakes = new FakePrograms({ docker: [NO_IMAGE, NO_REGISTRY], python3: [OK], "apt-get": [OK] });
    const failed = ensureEmulationImage(ENGINE, recorded().progress, { withoutRegistry: DEBIAN_BASE });
    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining("only root on Debian or Ubuntu"),
      fix: expect.stringContaining("--base-image"),
    });
  });
});
