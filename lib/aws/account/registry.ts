import type { BootRegistry } from "../../bootstrap/boot-spec";
import type { Permission } from "../policy";

/** A repository of a private Amazon ECR registry, as an image reference names it. */
export interface EcrRepository {
  readonly host: string;
  readonly account: string;
  readonly region: string;
  readonly repository: string;
}

const ECR = /^((\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)\/([^:@]+)/;

/** @returns `undefined` for an image of another registry */
export function ecrRepository(image: string): EcrRepository | undefined {
  const match = ECR.exec(image);
  return match === null
    ? undefined
    : { host: match[1], account: match[2], region: match[3], repository: match[4] };
}

/** How a machine signs in, with its instance role. */
export function ecrLogin({ host, region }: EcrRepository): BootRegistry {
  return { host, user: "AWS", source: { name: "aws-ecr.sh", arguments: [region] } };
}

export function ecrPermissions(partition: string, repository: EcrRepository): readonly Permission[] {
  const { account, region, repository: name } = repository;
  return [
    // IAM knows no narrower resource for it.
    { actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
    {
      actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      resources: [`arn:${partition}:ecr:${region}:${account}:repository/${name}`],
    },
  ];
}
