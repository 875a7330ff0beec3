import { buildImage, buildStep } from "../../../../lib/cli/images/docker-build";
import { FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";

const WANTED = {
  tag: "name:1",
  dockerfile: "/x/a.dockerfile",
  context: "/context",
  values: { BASE_IMAGE: "base" },
  stage: "wheels",
  usually: "1 min",
};

describe("buildImage", () => {
  let fakes: FakePrograms;
  afterEach(() => {
    fakes.restore();
  });

  it("builds without network, tells the steps, and sweeps away what the classic builder leaves", async () => {
    fakes = new FakePrograms({
      docker: ["buildx*|1|", "build *|0|Step 3/9 : ARG X\\nStep 4/9 : RUN make it", "*|0|"],
    });
    const { progress, said } = recorded();
    await buildImage(WANTED, progress);
    expect(fakes.calls()).toEqual([
      "docker buildx version",
      "docker build --network none --tag name:1 --file /x/a.dockerfile --build-arg BASE_IMAGE=base /context",
      "docker image prune --force --filter label=cdktf-ray-cluster.stage=wheels",
    ]);
    expect(said).toContain("  Step 4/9 : RUN make it");
    expect(said.join("\n")).not.toContain("ARG");
  });

  it("has nothing to sweep away after BuildKit", async () => {
    fakes = new FakePrograms({ docker: ["*|0|"] });
    await buildImage(WANTED, recorded().progress);
    expect(fakes.calls().some((call) => call.includes("prune"))).toBe(false);
  });

  it("fails with the end of what the builder said", async () => {
    fakes = new FakePrograms({ docker: ["build *|1|no space left on device", "*|0|"] });
    await expect(buildImage(WANTED, recorded().progress)).rejects.toThrow("no space left on device");
  });
});

describe("buildStep", () => {
  it.each([
    ["Step 12/17 : COPY wheels/ /wheels/", "Step 12/17 : COPY wheels/ /wheels/"],
    ["Step 1/17 : FROM base", undefined],
    ["#8 [wheels 2/6] COPY wheels/ /wheels/", "[wheels 2/6] COPY wheels/ /wheels/"],
    ["#12 [stage-1 3/7] RUN python3 -m compileall", "[stage-1 3/7] RUN python3 -m compileall"],
    ["#12 DONE 3.4s", undefined],
    [" ---> Running in 2007436c309a", undefined],
  ])("%s", (line, step) => {
    expect(buildStep(line)).toBe(step);
  });
});
