import { isWhole } from "../../problems/checks";
import type { ErrorRule, Topic } from "../../problems/rule";
import { type ValueRule, valueRule, valuesAt } from "../../problems/value-rule";

/** A local cluster's place as the user declared it, with defaults. */
export interface LocalSettings {
  readonly subnetCidr: string;
  readonly apiPort: number;
  readonly dockerHost?: string;
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
];

/** Rules of a local cluster's place; the rules of the topology judge what follows from it. */
export const LOCAL_TOPICS: readonly Topic<LocalSettings>[] = [{ title: "Local clusters", rules }];
