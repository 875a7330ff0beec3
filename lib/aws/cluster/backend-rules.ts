import { isWhole, unless } from "../../problems/checks";
import type { Problem } from "../../problems/problem";
import { errorRule, judge, warningRule, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import { addressRange, addressText, parseSubnet } from "../../topology/plan/addressing";
import { secretsOf } from "../../topology/plan/secrets";
import { BUILD_FILES, pulledImage } from "../../topology/declaration/derived-image";
import { leastLimit } from "../account/price-limit";
import { ecrRepository } from "../account/registry";
import { fits, known } from "../known";
import { checkPool } from "../pool/pool-rules";
import { BACKEND_POOL_TOPIC } from "./backend-pool-rules";
import { DISK_TOPIC } from "./disk-rules";
import type { SiteDecisions } from "./site-decisions";

const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/;
const SHORTEST_BOOT_SECONDS = 60;
const LONGEST_BOOT_SECONDS = 21_600;

/** What must hold for the place of a cluster. A value that is known only at apply is not judged. */
export const BACKEND_TOPIC: Topic<SiteDecisions> = {
  title: "EC2: place of a cluster",
  rules: [
    errorRule("RC425", {
      title: "A secret is named by its ARN",
      why: "A machine's role is allowed to read the secrets that its node needs and no other.",
      check: ({ declaration }) =>
        secretsOf(declaration, declaration.engine?.secrets).map(({ path, ref }) =>
          unless(fits(ref.id, SECRET_ARN), {
            path,
            // It may be the secret itself.
            got: "a text that is not shown",
            must: "be 'arn:aws:secretsmanager:<region>:<account>:secret:<name>'",
            fix: "copy the ARN of the secret from Secrets Manager: SecretRef.managed(arn)",
          }),
        ),
    }),
    errorRule("RC426", {
      title: "Clients of the API are in internal networks",
      why: "The engine does not authenticate its callers.",
      check: ({ props: { clientCidrs = [] } }) =>
        clientCidrs.flatMap((cidr, index) =>
          unless(fits(cidr, isInternal), {
            path: `backend.clientCidrs[${index}]`,
            got: show(cidr),
            must: "be an IPv4 CIDR in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
            fix: "name the network of your applications",
          }),
        ),
    }),
    warningRule("RC427", {
      // An image may be part of the machine image, and a mirror may be in the network.
      title: "The machines reach what they fetch",
      why: "The boot fails where the image or the model cannot be downloaded.",
      check: ({ props: { network }, declaration: { image, model } }) => {
        const pulled = pulledImage(image);
        const fetched = [
          { path: "image", outside: ecrRepository(pulled) === undefined ? pulled : undefined },
          { path: "image", outside: image.derived && "Python packages of an index" },
          ...(image.derived?.sources ?? []).map(({ repository }) => ({ path: "image", outside: repository })),
          { path: "model.endpoint", outside: model?.isOfHub ? model.endpoint : undefined },
        ];
        return fetched.flatMap(({ path, outside }) =>
          unless(network.reachesOutside !== false || outside === undefined, {
            path,
            got: show(outside),
            consequence: "is outside AWS, which this network does not reach",
            fix: "use ECR, S3 or storage; or AwsInternetAccess.NAT with egressCidrs",
          }),
        );
      },
    }),
    errorRule("RC428", {
      title: "The boot timeout is one that machines can keep",
      why: "No machine boots within seconds, and a deployment cannot wait for days.",
      check: ({ bootTimeoutSeconds }) =>
        unless(isWhole(bootTimeoutSeconds, SHORTEST_BOOT_SECONDS, LONGEST_BOOT_SECONDS), {
          path: "backend.bootTimeoutSeconds",
          got: show(bootTimeoutSeconds),
          must: `be a whole number from ${SHORTEST_BOOT_SECONDS} to ${LONGEST_BOOT_SECONDS}`,
          fix: "leave it out for 1800",
        }),
    }),
    errorRule("RC429", {
      title: "A price limit is a positive number",
      why: "No price would be within it.",
      check: ({ props: { maxUsdPerHour: limit } }) =>
        unless(known(limit) === undefined || isLimit(limit), {
          path: "backend.maxUsdPerHour",
          got: show(limit),
          must: "be a positive number of USD per hour",
          fix: "leave it out until you accept a price",
        }),
    }),
    errorRule("RC452", {
      title: "The price of the machines is within the limit",
      why: "Nobody has accepted the price. Storage and traffic are not part of it.",
      check: ({ props: { maxUsdPerHour: limit }, price }) =>
        unless(known(limit) === undefined || !isLimit(limit) || limit >= leastLimit(price), {
          path: "backend.maxUsdPerHour",
          got: show(limit),
          must: `be at least ${leastLimit(price)}: ${price.machines} cost ${price.text}`,
          fix: 'if you accept that price, raise it where it is set: "maxUsdPerHour" in cdktf.json or on the AwsBackend',
        }),
    }),
    errorRule("RC435", {
      title: "An image that the machines build needs no local file",
      why: "No file of the machine that runs Terraform gets to a machine that boots by itself.",
      check: ({ declaration: { image } }) => {
        const file = BUILD_FILES.map((name) => image.derived?.[name]).find((path) => path !== undefined);
        return unless(file === undefined, {
          path: "image",
          got: show(file),
          must: "be built without files of your machine",
          fix: "build the image once, push it to a registry such as ECR, and name it with ContainerImage.of",
        });
      },
    }),
    errorRule("RC438", {
      title: "Subnet and head address are known at synth",
      why: "Every machine is told the head's address before the head exists.",
      check: ({ props: { network, headAddress } }) =>
        Object.entries({ "network.subnetCidr": network.subnetCidr, headAddress }).flatMap(([name, value]) =>
          unless(value === undefined || known(value) !== undefined, {
            path: `backend.${name}`,
            got: "a value that is known only at apply",
            must: "be known at synth",
            fix: "write it as text",
          }),
        ),
    }),
  ],
};

/** Everything that is wrong with a place on EC2, its pools included. */
export function checkBackend(site: SiteDecisions): readonly Problem[] {
  // What is wrong with the network or the backend is found in each pool.
  const ofMachines = site.pools.flatMap(({ machines, paths }) => checkPool(machines, paths));
  return [
    ...judge(BACKEND_TOPIC, site, undefined),
    ...judge(BACKEND_POOL_TOPIC, site, undefined),
    ...judge(DISK_TOPIC, site, undefined),
    ...new Map(ofMachines.map((problem) => [JSON.stringify(problem), problem])).values(),
  ];
}

function isLimit(usd: number | undefined): usd is number {
  return usd !== undefined && Number.isFinite(usd) && usd > 0;
}

function isInternal(cidr: string): boolean {
  const subnet = parseSubnet(cidr);
  return (
    subnet !== undefined &&
    [subnet.network, subnet.broadcast].every((end) =>
      ["private", "carrierGradeNat"].includes(addressRange(addressText(end))),
    )
  );
}
