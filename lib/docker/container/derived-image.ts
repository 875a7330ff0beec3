import { Image } from "@cdktf/provider-docker/lib/image";
import type { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { Fn } from "cdktf";
import type { Construct } from "constructs";
import { literal } from "../../terraform/encode";
import { template } from "../../terraform/template";
import { addStackFile } from "../../terraform/stack-files";
import { derivedImageFiles } from "../../topology/declaration/derived-image";
import type { DerivedImagePlan } from "../../topology/declaration/derived-image";
import type { ImagePlan } from "../../topology/plan/plan";

/** Environment variables of the machine that runs Terraform that configure the package index. */
const INDEX_VARIABLES = [
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "PIP_TRUSTED_HOST",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
];

/** Images of engines are 10 GB and more; the provider's default is 20 minutes. */
const TIMEOUT = "90m";

/**
 * Builds a derived image on the provider's machine. Every container that runs it must depend on this.
 *
 * @returns `undefined` for an image that is not derived
 */
export function derivedImage(
  scope: Construct,
  id: string,
  provider: DockerProvider,
  image: ImagePlan,
): Image | undefined {
  if (image.derived === undefined) {
    return undefined;
  }
  const folder = `images/${image.reference.replace(/^ray-cluster\//, "").replace(":", "-")}`;
  for (const { name, content } of derivedImageFiles(image.derived)) {
    addStackFile(scope, `${folder}/${name}`, content);
  }
  const namesDaemon = provider.host !== undefined;
  const resource = new Image(scope, id, {
    provider,
    name: template(image.reference, "image"),
    // Another cluster of the same daemon may run it, and rebuilding it is slow.
    keepLocally: true,
    buildAttribute: {
      // Relative, so that every clone synthesizes the same configuration.
      context: literal(folder, "build context"),
      dockerfile: "Dockerfile",
      buildArgs: { BASE_IMAGE: template(image.derived.base, "base image") },
      secrets: secretsOf(image.derived),
      ...(namesDaemon ? {} : { builder: "default", buildLogFile: `${folder}/build.log` }),
    },
    timeouts: { create: TIMEOUT },
  });
  if (namesDaemon) {
    // The bindings predate this attribute. The provider's newer builder ignores `host` and builds on the daemon of
    // DOCKER_HOST (kreuzwerker/terraform-provider-docker#972).
    resource.addOverride("build.use_legacy_builder", true);
  }
  return resource;
}

/** The configuration and the state have their names only; the image has neither. */
function secretsOf(derived: DerivedImagePlan): { id: string; src?: string; env?: string }[] {
  const files = {
    "pip-configuration": derived.pipConfigurationFile,
    "certificate-authorities": derived.certificateAuthoritiesFile,
    "git-credentials": derived.gitCredentialsFile,
  };
  return [
    ...Object.entries(files).flatMap(([id, path]) =>
      path === undefined ? [] : [{ id, src: Fn.pathexpand(literal(path, `path of ${id}`)) }],
    ),
    ...INDEX_VARIABLES.map((name) => ({ id: name, env: name })),
  ];
}
