import { ensureDocker, findDocker } from "../../../../lib/cli/base/docker-engine";
import { type Answer, FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../said";

const UP: Answer = "version*|0|20.10.24 amd64";
const DOWN: Answer = "version*|1|Cannot connect to the Docker daemon";

describe("ensureDocker", () => {
  let fakes: FakePrograms | undefined;
  const asUser = jest.spyOn(process, "getuid");

  afterEach(() => {
    fakes?.restore();
    asUser.mockReset();
  });

  function on(programs: { readonly [name: string]: readonly Answer[] }, user = 0): FakePrograms {
    asUser.mockReturnValue(user);
    fakes = new FakePrograms(programs);
    return fakes;
  }

  it("takes the engine that answers", async () => {
    const { calls } = on({ docker: [UP] });
    expect(await ensureDocker(recorded().progress)).toEqual({ version: "20.10.24", architecture: "amd64" });
    expect(calls.call(fakes)).toHaveLength(1);
  });

  it("installs one as root where there is apt-get, with the host's script", async () => {
    const host = on({ docker: [DOWN, UP], "apt-get": ["*|0|"], bash: ["*|0|docker: the engine answers"] });
    const { progress, said } = recorded();
    expect(await ensureDocker(progress)).toEqual({ version: "20.10.24", architecture: "amd64" });
    expect(host.calls()).toContainEqual(expect.stringMatching(/^bash \S+\/ray-cluster\/install-docker\.sh$/));
    expect(said).toContain("  docker: the engine answers");
  });

  it("says what the script said when it fails", async () => {
    on({ docker: [DOWN], "apt-get": ["*|0|"], bash: ["*|1|no space left"] });
    await expect(ensureDocker(recorded().progress)).rejects.toThrow(
      /installing Docker failed.*\n +no space left/,
    );
  });

  it("does not believe a script that leaves no engine", async () => {
    on({ docker: [DOWN], "apt-get": ["*|0|"], bash: ["*|0|"] });
    await expect(ensureDocker(recorded().progress)).rejects.toThrow(/no engine answers.*\n +Cannot connect/);
  });

  it.each<[string, { [name: string]: Answer[] }, number, RegExp]>([
    ["Docker is missing and the user is not root", { "apt-get": ["*|0|"] }, 1000, /Docker is not installed/],
    ["there is no apt-get", { docker: [DOWN] }, 0, /installed, but its engine does not answer/],
    [
      "the socket is closed to the user",
      { docker: ["version*|1|permission denied"] },
      1000,
      /has no permission to use/,
    ],
  ])("installs nothing where %s", async (_, programs, user, message) => {
    const host = on(programs, user);
    await expect(ensureDocker(recorded().progress)).rejects.toThrow(message);
    expect(host.calls().filter((call) => call.startsWith("bash"))).toEqual([]);
  });

  it("installs nothing where DOCKER_HOST names an engine elsewhere", async () => {
    const host = on({ docker: [DOWN], "apt-get": ["*|0|"], bash: ["*|0|"] });
    process.env.DOCKER_HOST = "tcp://elsewhere:2375";
    await expect(ensureDocker(recorded().progress)).rejects.toThrow("DOCKER_HOST=tcp://elsewhere:2375");
    expect(host.calls()).toHaveLength(1);
  });

  it("findDocker finds none without a word", async () => {
    on({ docker: [DOWN] });
    expect(await findDocker()).toBeUndefined();
  });
});
