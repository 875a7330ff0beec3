import { Image } from "@cdktf/provider-docker/lib/image";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { AfterImages } from "../../../../lib/docker/container/after-images";
import { dockerProvider } from "../../../../lib/docker/container/provider";
import { Synthesized } from "../../../support/synth";

describe("AfterImages", () => {
  let stack: Synthesized;
  afterEach(() => {
    stack.remove();
  });

  function synth(host: string | undefined): void {
    stack = Synthesized.of((scope) => {
      const provider = dockerProvider(scope, host, { sshOptions: ["-v"], registryLogins: ["quay.io"] });
      const images = ["a", "b"].map((id) => new Image(scope, id, { provider, name: "i:1" }));
      const after = new AfterImages(scope, "c1", "i:1", images);
      expect(after.provider(provider)).toBe(after.provider(provider));
    });
  }

  it("creates every image before any is removed, and then its record", () => {
    synth(undefined);
    for (const image of Object.values(stack.resources("docker_image"))) {
      expect(image.lifecycle).toEqual({ create_before_destroy: true });
    }
    const [record] = Object.values(stack.resources("terraform_data"));
    expect(record).toMatchObject({
      input: { images: ["i:1"] },
      depends_on: ["docker_image.a", "docker_image.b"],
    });
  });

  it.each([
    [
      "an address",
      "ssh://root@10.0.0.1:22",
      "containers-c1-ssh-root-10-0-0-1-22",
      '"ssh://root@10.0.0.1:22"',
    ],
    ["no address", undefined, "containers-c1", "null"],
  ])("of a daemon with %s has a provider that refers to the record", (_what, host, alias, value) => {
    synth(host);
    const [own, containers] = stack.json.provider.docker;
    expect(own.host).toBe(host);
    expect(containers).toEqual({
      ...own,
      alias,
      host: `\${(length(terraform_data.images.input) >= 1) ? ${value} : null}`,
    });
  });

  it("takes over how the user's own provider reaches the daemon", () => {
    stack = Synthesized.of((scope) => {
      const own = new DockerProvider(scope, "mine", { context: "lab", certPath: "/certs" });
      new AfterImages(scope, "c1", "i:1", []).provider(own);
    });
    expect(stack.json.provider.docker[1]).toMatchObject({ context: "lab", cert_path: "/certs" });
  });
});
