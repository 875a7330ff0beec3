import toolchains from "../../../../lib/catalog/go-toolchains.json";
import { ensureGo, goProxy, isNewEnough } from "../../../../tools/supply/go-toolchain";
import { FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../../cli/said";

describe("isNewEnough", () => {
  it.each([
    ["go1.26.8", true],
    ["go1.21", true],
    ["go1.20.14", false],
    ["go1.19", false],
    ["devel", false],
    ["", false],
  ])("%s: %s", (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});

describe("goProxy", () => {
  it.each([
    [undefined, undefined],
    ["off", undefined],
    ["direct", undefined],
    ["https://go.example/,direct", "https://go.example"],
    ["direct|http://one.example|https://two.example", "http://one.example"],
  ])("GOPROXY=%s: %s", (list, expected) => {
    expect(goProxy(list)).toBe(expected);
  });
});

describe("ensureGo", () => {
  let host: FakePrograms;
  afterEach(() => {
    jest.restoreAllMocks();
    host.restore();
  });

  it("takes the Go in PATH", async () => {
    host = new FakePrograms({ go: ["env GOVERSION|0|go1.22.4"] });
    expect(await ensureGo(recorded().progress)).toBe("go");
  });

  it("installs the distribution's as root, and knows no proxy by itself", async () => {
    host = new FakePrograms({ "apt-get": ["*|0|"] });
    jest.spyOn(process, "getuid").mockReturnValue(0);
    Reflect.deleteProperty(process.env, "GOPROXY");
    await expect(ensureGo(recorded().progress)).rejects.toMatchObject({
      message: "Go is not installed",
      fix: expect.stringContaining("GOPROXY"),
    });
    expect(host.calls().filter((call) => call.startsWith("apt-get install"))).toEqual([
      expect.stringMatching(/ golang-go$/),
    ]);
  });

  it.each([
    ["there is none", {}],
    ["it is too old", { go: ["env GOVERSION|0|go1.19.8"] as const }],
  ])("fetches one from the proxy where %s, and says what to do when that fails", async (_, programs) => {
    host = new FakePrograms({ ...programs, python3: ["*|1|connection refused"] });
    process.env.GOPROXY = "https://go.example";
    await expect(ensureGo(recorded().progress)).rejects.toMatchObject({
      message: expect.stringContaining("connection refused"),
      fix: expect.stringContaining("go.dev/dl"),
    });
    const row = toolchains.find(({ platform }) => platform === `${process.platform}-${process.arch}`);
    expect(host.calls().at(-1)).toContain(
      `fetch_go.py https://go.example/golang.org/toolchain/@v/${row?.version}.zip ${row?.sha256} `,
    );
  });
});

it("every toolchain of the catalogue has a whole checksum and says where it comes from", () => {
  expect(toolchains.map((row) => row.platform)).toEqual(["linux-x64", "linux-arm64"]);
  for (const row of toolchains) {
    expect(row.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(row.source).toContain("checksum database");
    expect(row.checked).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  }
});
