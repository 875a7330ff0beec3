import type { TerraformProvider } from "cdktf";
import { isWhole } from "../../problems/checks";
import { isLate } from "../../problems/late-values";
import { type ErrorRule, errorRule, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import { type ValueRule, valueRule, valuesAt } from "../../problems/value-rule";
import { hostOf } from "../container/provider";

/** A local cluster's place as the user declared it, with defaults. */
export interface LocalSettings {
  readonly subnetCidr: string;
  readonly apiPort: number;
  readonly dockerHost?: string;
  /** Address of the stack's default Docker provider. @default - that of the environment */
  readonly defaultDockerHost?: string;
  /** @default - that of `dockerHost` */
  readonly provider?: TerraformProvider;
  readonly cpusPerNode: number;
  readonly objectStoreMiB: number;
  readonly sharedMemoryMiB: number;
}

const setting = (rule: ValueRule): ErrorRule<LocalSettings> =>
  valueRule(rule, (settings, at) => valuesAt(settings, at, "backend"));

const rules: readonly ErrorRule<LocalSettings>[] = [
  setting({
    id: "RC200",
    title: "The API has a TCP port of the Docker host",
    why: "Docker cannot publish the API otherwise.",
    at: "apiPort",
    is: (port: number) => isWhole(port, 1, 65_535),
    must: "be a whole TCP port from 1 to 65535",
    fix: "choose a free port of the Docker host, e.g. 8000",
  }),
  setting({
    id: "RC201",
    title: "The Docker daemon is named by a URL",
    why: "The Docker provider fails to parse anything else, and only at plan.",
    at: "dockerHost",
    is: /^(unix|npipe|tcp|http|https|ssh|fd):\/\/\S+$/,
    must: "be the URL of a Docker daemon",
    fix: "write e.g. 'unix:///var/run/docker.sock', or leave it out to use DOCKER_HOST",
  }),
  errorRule("RC205", {
    title: "A cluster is on another Docker host only where it says so",
    why: "Its API would be published on the loopback interface of a machine that nobody has named.",
    check: ({ provider, dockerHost, defaultDockerHost }) =>
      provider === undefined &&
      dockerHost === undefined &&
      defaultDockerHost !== undefined && {
        path: "backend.dockerHost",
        got: `nothing, and the stack's default Docker provider is that of ${show(defaultDockerHost)}`,
        must: "name the Docker host of the cluster",
        fix: "pass that provider as provider or repeat its host in dockerHost, or give it an alias",
      },
  }),
  errorRule("RC206", {
    title: "A given provider is one of Docker, and alone names the Docker host",
    why: "Terraform refuses any other provider at plan, and a host beside it would be ignored.",
    check: ({ provider, dockerHost }) =>
      provider !== undefined && [
        provider.terraformResourceType !== "docker" && {
          path: "backend.provider",
          got: `a provider of ${show(provider.terraformResourceType)}`,
          must: "be a provider of Docker",
          fix: "pass a DockerProvider of the cluster's stack",
        },
        isLate(hostOf(provider) ?? "") && {
          path: "backend.provider.host",
          got: show(hostOf(provider)),
          must: "be known at synth",
          fix: "write the address of the daemon",
        },
        dockerHost !== undefined && {
          path: "backend.dockerHost",
          got: show(dockerHost),
          must: "be left out beside a provider",
          fix: "remove it, or the provider",
        },
      ],
  }),
];

/** Rules of a local cluster's place; the rules of the topology judge what follows from it. */
export const LOCAL_TOPICS: readonly Topic<LocalSettings>[] = [{ title: "Local clusters", rules }];
