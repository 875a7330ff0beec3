import { Container } from "@cdktf/provider-docker/lib/container";
import type { TerraformStack } from "cdktf";
import { derivedImage } from "../../../../lib/docker/container/derived-image";
import { LocalBackend } from "../../../../lib/docker/local/local-backend";
import { dockerProvider } from "../../../../lib/docker/container/provider";
import { RayCluster } from "../../../../lib/ray-cluster";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { derivedImageFiles } from "../../../../lib/topology/declaration/derived-image";
import type { ImagePlan } from "../../../../lib/topology/plan/plan";
import { emulatedProps } from "../../../support/clusters";
import { Synthesized } from "../../../support/synth";

const IMAGE = ContainerImage.withPythonPackages(ContainerImage.of("vllm/vllm-openai:v0.20.0"), [
  "ray==2.58.0",
]);
const FOLDER = `images/vllm-openai-v0.20.0-${IMAGE.reference.split(":")[1]}`;
const VARIABLES = [
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "PIP_TRUSTED_HOST",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
].map((name) => ({ id: name, env: name }));

let stack: Synthesized;

afterEach(() => {
  stack.remove();
});

function clusterOf(image: ContainerImage): (scope: TerraformStack) => void {
  const { name, ...options } = emulatedProps({ image });
  return (scope) => {
    new RayCluster(scope, name, { ...options, backend: new LocalBackend() });
  };
}

function imageOn(host: string | undefined, image: ImagePlan = IMAGE): { readonly [attribute: string]: any } {
  stack = Synthesized.of((scope) => {
    derivedImage(scope, "image", dockerProvider(scope, host), image);
  });
  return stack.resources("docker_image").image;
}

describe("derivedImage", () => {
  it("builds from files beside the stack", () => {
    expect(imageOn(undefined)).toEqual({
      "//": expect.anything(),
      provider: "docker",
      name: IMAGE.reference,
      keep_locally: true,
      timeouts: { create: "90m" },
      build: {
        context: FOLDER,
        dockerfile: "Dockerfile",
        build_args: { BASE_IMAGE: "vllm/vllm-openai:v0.20.0" },
        builder: "default",
        build_log_file: `${FOLDER}/build.log`,
        secrets: VARIABLES,
      },
    });
    for (const { name, content } of derivedImageFiles({ packages: ["ray==2.58.0"], sources: [] })) {
      expect(stack.file(`${FOLDER}/${name}`)).toBe(content);
    }
  });

  it("uses the legacy builder for a daemon that is named", () => {
    const { provider, build } = imageOn("unix:///tmp/other.sock");
    expect(provider).toBe("docker.unix-tmp-other-sock");
    expect(build.use_legacy_builder).toBe(true);
    expect(build).not.toHaveProperty("builder");
    expect(build).not.toHaveProperty("build_log_file");
  });

  it("has the paths of build secrets and not their content", () => {
    const files = {
      pipConfigurationFile: "~/.config/pip/pip.conf",
      certificateAuthoritiesFile: "/etc/ssl/company.pem",
      gitCredentialsFile: "~/.git-credentials",
    };
    const { build } = imageOn(undefined, { ...IMAGE, derived: { ...IMAGE.derived!, ...files } });
    expect(build.secrets).toEqual([
      { id: "pip-configuration", src: '${pathexpand("~/.config/pip/pip.conf")}' },
      { id: "certificate-authorities", src: '${pathexpand("/etc/ssl/company.pem")}' },
      { id: "git-credentials", src: '${pathexpand("~/.git-credentials")}' },
      ...VARIABLES,
    ]);
  });

  it("is the same for every provider", () => {
    stack = Synthesized.of((scope) => {
      for (const host of ["tcp://10.0.0.1:2376", "tcp://10.0.0.2:2376"]) {
        derivedImage(scope, `image-${host.slice(-6, -5)}`, dockerProvider(scope, host), IMAGE);
      }
    });
    const { "image-1": one, "image-2": other } = stack.resources("docker_image");
    expect([one.name, one.build]).toEqual([other.name, other.build]);
    expect([one.provider, other.provider]).toEqual(["docker.tcp-10-0-0-1-2376", "docker.tcp-10-0-0-2-2376"]);
  });

  it("is undefined for an image that is not derived", () => {
    stack = Synthesized.of((scope) => {
      const provider = dockerProvider(scope, undefined);
      expect(derivedImage(scope, "image", provider, { reference: "a:1", shellFiles: [] })).toBeUndefined();
      new Container(scope, "c", { provider, name: "c", image: "a:1" });
    });
    expect(stack.counts()).toEqual({ docker_container: 1 });
  });
});

describe("a local cluster", () => {
  it("builds its derived image before any container", () => {
    stack = Synthesized.of(clusterOf(IMAGE));
    const [address] = Object.keys(stack.resources("docker_image"));
    const containers = Object.values(stack.resources("docker_container"));
    expect(containers).toHaveLength(3);
    for (const container of containers) {
      expect(container.image).toBe(IMAGE.reference);
      const waitsForNodes = container.name === "local-2x8-gate";
      expect(container.depends_on).toEqual(waitsForNodes ? undefined : [`docker_image.${address}`]);
    }
  });

  it("has no image resource for a pulled image", () => {
    stack = Synthesized.of(clusterOf(ContainerImage.of("a:1", { rayVersion: "2.58.0" })));
    expect(stack.counts()).toEqual({
      docker_container: 3,
      docker_network: 1,
      docker_volume: 1,
      terraform_data: 1,
    });
    expect(stack.text).not.toContain("depends_on");
  });

  it("synthesizes the same configuration in every folder", () => {
    stack = Synthesized.of(clusterOf(IMAGE));
    const again = Synthesized.of(clusterOf(IMAGE));
    expect(again.text).toBe(stack.text);
    again.remove();
  });
});
