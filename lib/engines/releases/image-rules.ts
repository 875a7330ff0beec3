import { type AcceleratorFacts, findAccelerator } from "../../catalog/accelerators";
import { computeCapabilityOf } from "../../catalog/compute-capabilities";
import {
  allEngineReleases,
  type EngineRelease,
  findEngineRelease,
  releasesOfImage,
} from "../../catalog/engine-releases";
import { engineMilestone } from "../../catalog/engines";
import { isVersionWithin, parseVersion } from "../../catalog/ray-versions";
import type { Problem } from "../../problems/problem";
import { unless } from "../../problems/checks";
import { errorRule, judge, type Topic, warningRule } from "../../problems/rule";
import { show } from "../../problems/text";
import type { EngineContext, EngineImage } from "../../topology/engine-spec";

/** An image and the engine that is to run in it. */
interface ImageOfEngine {
  /** Name of the engine, as `EngineSpec.name`. */
  readonly engine: string;
  readonly image: EngineImage;
  /** What the catalogue knows of the image; `undefined`: nothing. */
  readonly release?: EngineRelease;
  /** Version of the engine in it; `undefined`: not known. */
  readonly version?: string;
}

/** Engines whose images are in the catalogue. Ray alone and engines of the user's own run in any image with Ray. */
const ENGINES_WITH_IMAGES = ["vllm", "lmdeploy", "roll"];

/** What is wrong with the cluster's image for an engine; empty where the image is not known. */
export function imageProblems(engine: string, context: EngineContext): readonly Problem[] {
  const { image } = context;
  return image === undefined
    ? []
    : judge(IMAGE_TOPIC, { engine, image, ...findEngineRelease(image.reference) }, context);
}

/** What the catalogue of published images says; an image of the user's own passes all of it. */
export const IMAGE_TOPIC: Topic<ImageOfEngine, EngineContext> = {
  title: "Published images of engines",
  rules: [
    warningRule("RC640", {
      title: "The tag of a known repository is in the catalogue",
      why: "Nothing can be checked of an image that the catalogue does not know.",
      check: ({ image: { reference }, release }) => {
        const offered = releasesOfImage(reference);
        const [name, digest] = reference.split("@");
        const isByDigest = digest !== undefined && !/:[^/]+$/.test(name);
        return unless(release !== undefined || offered.length === 0 || isByDigest, {
          path: "image",
          got: `'${reference}'`,
          consequence: "cannot be checked, because the catalogue does not know this tag of the repository",
          fix: "make sure that the image contains Ray and was built for the accelerators",
        });
      },
    }),
    errorRule("RC641", {
      title: "The image contains the engine",
      why: "The engine's program would be missing when it is started.",
      check: ({ engine, image, release }) =>
        release === undefined || release.engine === engine || !ENGINES_WITH_IMAGES.includes(engine)
          ? []
          : onImage(
              image,
              release,
              `contain '${engine}', not '${release.engine}'`,
              `use an image of ${engine}`,
            ),
    }),
    errorRule("RC642", {
      title: "The image contains Ray",
      why: "Every node runs Ray from the image; images of vLLM have not contained it since 0.18.0.",
      check: ({ image, release, version }) =>
        lacks({ image, release }).includes("ray")
          ? onImage(
              image,
              release,
              `contain Ray, which images of vLLM lack since ${engineMilestone("vllm-image-without-ray").version} (this is ${version})`,
              `derive an image with ContainerImage.withPythonPackages(image, ['ray==${engineMilestone("ray-of-vllm").version}'])`,
            )
          : [],
    }),
    errorRule("RC643", {
      title: "The image has everything that the engine needs",
      why: "A published image can lack what its engine needs to start.",
      check: ({ image, release }) =>
        lacks({ image, release })
          .filter((what) => what !== "ray")
          .flatMap((what) =>
            onImage(
              image,
              release,
              `have ${what}, which the published image lacks`,
              what.includes(" ") || release?.requirements == null
                ? "derive an image that has it, the same for all nodes"
                : `derive an image with ContainerImage.withSource(image, { repository, commit, requirements: '${release.requirements}' })`,
            ),
          ),
    }),
    errorRule("RC644", {
      title: "The declared Ray version is the one in the image",
      why: "Head and workers compare the Ray they find with the plan, and refuse to start when the two differ.",
      check: ({ image, release }) => {
        const { rayVersion } = image;
        const { minimum = null, maximum = null } = release?.ray ?? {};
        const isHeld =
          installs(image) || !parseVersion(rayVersion) || isVersionWithin(rayVersion, minimum, maximum);
        return unless(isHeld, {
          path: "image.rayVersion",
          got: show(rayVersion),
          must: `be the Ray in the image (${rangeText(minimum, maximum)})`,
          fix: "set it to what 'ray --version' prints in the image",
          links: linksOf(release),
        });
      },
    }),
    errorRule("RC645", {
      title: "The declared Python version is the one in the image",
      why: "Ray refuses a member with another Python.",
      check: ({ image: { pythonVersion: stated }, release }) => {
        const held = release?.python ?? undefined;
        return (
          held !== undefined &&
          stated !== undefined &&
          stated !== held &&
          !stated.startsWith(`${held}.`) && {
            path: "image.pythonVersion",
            got: show(stated),
            must: `be the Python in the image (${held})`,
            fix: "set it to what 'python3 --version' prints in the image, or leave it out",
            links: linksOf(release),
          }
        );
      },
    }),
    warningRule("RC646", {
      title: "The image is built for the accelerators",
      why: "Its libraries cannot use another board. A tag does not prove what an image holds: the nodes look for what the engine needs before they fetch a model.",
      check: ({ engine, image, release }, { acceleratorId }) => {
        const facts = acceleratorId === undefined ? undefined : findAccelerator(acceleratorId);
        const least = release?.leastComputeCapability ?? 0;
        if (facts === undefined || release === undefined || facts.emulated) {
          return [];
        }
        const isTooOld = (computeCapabilityOf(facts.id) ?? least) < least;
        return unless(isBuiltFor(release, facts) && !isTooOld, {
          path: "image",
          got: `'${image.reference}'`,
          consequence: isTooOld
            ? `is published with kernels for compute capability ${least.toFixed(1)} and newer, which ${facts.title} has not`
            : `is published for ${release.accelerators.join(", ")}, not for ${facts.title}`,
          fix: isTooOld
            ? "use an older tag, or an image of your own that is built for it"
            : `use ${imagesFor(engine, facts).join(" or ") || "an image"} that is built for it`,
          links: linksOf(release),
        });
      },
    }),
    errorRule("RC647", {
      title: "The image contains the library of the fabric",
      why: "The fabric is pinned, so collectives fail without its library instead of falling back to TCP.",
      check: ({ image, release }, { fabric }) =>
        fabric !== undefined && release?.withoutFabrics.includes(fabric)
          ? onImage(
              image,
              release,
              `contain the library of the fabric '${fabric}'`,
              "derive an image with it (aws-ofi-nccl and libfabric for EFA)",
            )
          : [],
    }),
    warningRule("RC648", {
      title: "The requirements are those for the image",
      why: "A repository has a requirements file for each of its images, and another one changes what the image was built for.",
      check: ({ image: { requirements = [] }, release }) => {
        const named = release?.requirements ?? undefined;
        return unless(named === undefined || requirements.length === 0 || requirements.includes(named), {
          path: "image.sources",
          got: show(requirements.join(", ")),
          consequence: `differs from '${named}', which belongs to this image, and may change what the image was built for`,
          fix: `use '${named}', or the image that belongs to your file`,
          links: linksOf(release),
        });
      },
    }),
  ],
};

/** What the image lacks. The requirements of a source install any package; a whole phrase is something else. */
function lacks({ image, release }: Pick<ImageOfEngine, "image" | "release">): readonly string[] {
  return (release?.missing ?? []).filter(
    (what) => !image.addedPackages?.includes(what) && !(installs(image) && !what.includes(" ")),
  );
}

function installs({ requirements = [] }: EngineImage): boolean {
  return requirements.length > 0;
}

function isBuiltFor({ accelerators }: EngineRelease, { id, like, family }: AcceleratorFacts): boolean {
  return accelerators.includes(like ?? id) || accelerators.includes(family);
}

/** Repositories with images of an engine for an accelerator; empty: none is known. */
function imagesFor(engine: string, facts: AcceleratorFacts): readonly string[] {
  const known = allEngineReleases().filter(
    (release) => release.engine === engine && isBuiltFor(release, facts),
  );
  return [...new Set(known.map(({ image }) => `an image of '${image}'`))];
}

function onImage({ reference }: EngineImage, release: EngineRelease | undefined, must: string, fix: string) {
  return [{ path: "image", got: `'${reference}'`, must, fix, links: linksOf(release) }];
}

function linksOf(release: EngineRelease | undefined): readonly string[] | undefined {
  return release?.links.length ? release.links : undefined;
}

function rangeText(minimum: string | null, maximum: string | null): string {
  if (minimum === null || maximum === null) {
    return minimum === null ? `${maximum} or earlier` : `${minimum} or later`;
  }
  return minimum === maximum ? minimum : `${minimum} to ${maximum}`;
}
