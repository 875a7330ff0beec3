import { Token } from "cdktf";
import type { ClusterDeclaration } from "../terraform/cluster-backend";
import type { Problem } from "../problems/problem";
import { show } from "../problems/text";
import { error } from "./problems";
import type { CloudInitSettings } from "./settings";
import { ABSOLUTE_PATH, checkSources } from "./source-rules";

const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(=\S+)?$/;
const URL = /^(https?:\/\/[^\s/]+\/|file:\/\/\/)\S+$/;
const BASE_URL = /^https?:\/\/[^\s/]+(\/\S*)?$/;
const REGISTRY = /^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const SSH_OPTION = /^[A-Za-z]+=[^\n\r]+$/;
const WORD = /^\S+$/;
const OPTION = /^[^\s,]+$/;
/** Ray refuses to start with a smaller object store. */
const MINIMUM_OBJECT_STORE_MIB = 75;

type Check = (settings: CloudInitSettings, declaration: ClusterDeclaration) => readonly Problem[];

/** What is wrong with the place itself; the rules of the topology judge addresses and network. */
export function checkPlace(settings: CloudInitSettings, declaration: ClusterDeclaration): readonly Problem[] {
  return CHECKS.flatMap((check) => check(settings, declaration)).map((problem) => ({
    ...problem,
    path: problem.path.startsWith("image.") ? problem.path : `backend.${problem.path}`,
  }));
}

const CHECKS: readonly Check[] = [
  ({ headAddress, addresses }) =>
    (headAddress === undefined) !== (addresses === undefined)
      ? []
      : error(
          "RC501",
          headAddress === undefined ? "headAddress" : "addresses",
          headAddress === undefined ? undefined : "both",
          "must be the address of the head, or `addresses` those of all machines",
          headAddress === undefined
            ? "give one of them"
            : "leave one of them out: the head is the first of `addresses`",
        ),
  checkSources,
  ({ registry }) => [
    ...(registry === undefined || REGISTRY.test(registry.host)
      ? []
      : error(
          "RC504",
          "registry.host",
          registry.host,
          "must be the name of a registry, with its port if it has one",
          "write what you would write after `docker login`, e.g. 'quay.io'",
        )),
    ...(registry === undefined || WORD.test(registry.user)
      ? []
      : error("RC504", "registry.user", registry.user, "must be a word", "name the user of the registry")),
  ],
  checkMounts,
  ({ diskFolder }) =>
    diskFolder === undefined || ABSOLUTE_PATH.test(diskFolder)
      ? []
      : error("RC506", "diskFolder", diskFolder, "must be an absolute path", "write e.g. '/mnt/disk'"),
  ({ packages = [] }) =>
    packages.flatMap((name, index) =>
      PACKAGE.test(name)
        ? []
        : error(
            "RC507",
            `packages[${index}]`,
            name,
            "must be the name of a package, with its version if it matters",
            "write what you would write after `apt-get install`, e.g. 'nfs-common'",
          ),
    ),
  ({ programUrl }) =>
    isLateOr(programUrl, URL)
      ? []
      : error(
          "RC508",
          "programUrl",
          programUrl,
          "must be the http, https or file URL of a file",
          "write e.g. 'https://files.example/program.json' or 'file:///mnt/models/program.json'",
        ),
  ({ readiness }) =>
    isLateOr(readiness?.url, BASE_URL)
      ? []
      : error(
          "RC509",
          "readiness.url",
          readiness?.url,
          "must be the base URL of the engine's API",
          "write e.g. 'http://203.0.113.10:8000', or leave it out for the head's address",
        ),
  checkSsh,
  checkNumbers,
  checkBuild,
  ({ readiness }) =>
    readiness === undefined
      ? [
          {
            rule: "RC511",
            level: "warning",
            path: "readiness",
            got: show(undefined),
            allowed: "an apply returns when the machines are made, whether the cluster serves or not",
            fix: "give ReadinessCheck.api(), where Terraform reaches the head's API",
          },
        ]
      : [],
];

function checkMounts({ mounts = [] }: CloudInitSettings): readonly Problem[] {
  const owners = new Map<string, number>();
  return mounts.flatMap(({ source, hostPath, type, options }, index) => {
    const at = `mounts[${index}]`;
    const owner = owners.get(hostPath);
    owners.set(hostPath, owner ?? index);
    const odd = options.findIndex((option) => !OPTION.test(option));
    return [
      ...(WORD.test(source)
        ? []
        : error("RC505", `${at}.source`, source, "must be a word", "write e.g. '10.20.0.5:/models'")),
      ...(ABSOLUTE_PATH.test(hostPath) && !hostPath.split("/").some((part) => /^\.\.?$/.test(part))
        ? []
        : error(
            "RC505",
            `${at}.hostPath`,
            hostPath,
            "must be an absolute path of letters, digits, '_', '.' and '-'",
            "write e.g. '/mnt/models'",
          )),
      ...(owner === undefined
        ? []
        : error(
            "RC505",
            `${at}.hostPath`,
            hostPath,
            `must differ from that of mounts[${owner}]`,
            "use another",
          )),
      ...(/^[\w.]+$/.test(type)
        ? []
        : error("RC505", `${at}.type`, type, "must be the type of a file system", "write e.g. 'nfs4'")),
      ...(odd < 0
        ? []
        : error(
            "RC505",
            `${at}.options[${odd}]`,
            options[odd],
            "must be one option, without comma and blank",
            "write e.g. 'nconnect=16'",
          )),
    ];
  });
}

function checkNumbers(settings: CloudInitSettings): readonly Problem[] {
  const { cpusPerNode, objectStoreMiB, sharedMemoryMiB, bootTimeoutSeconds, userDataLimitBytes } = settings;
  const number = (path: string, value: number | undefined, minimum: number, fix: string) =>
    value === undefined || (Number.isInteger(value) && value >= minimum)
      ? []
      : error("RC510", path, value, `must be a whole number of at least ${minimum}`, fix);
  return [
    ...number("cpusPerNode", cpusPerNode, 1, "leave it out: Ray counts the machine's CPUs"),
    ...number("objectStoreMiB", objectStoreMiB, MINIMUM_OBJECT_STORE_MIB, "leave it out for Ray's default"),
    ...number(
      "sharedMemoryMiB",
      sharedMemoryMiB,
      objectStoreMiB ?? MINIMUM_OBJECT_STORE_MIB,
      "leave it out: it follows from accelerators and object store, which lies in there",
    ),
    ...number("bootTimeoutSeconds", bootTimeoutSeconds, 0, "leave it out for a quarter of an hour"),
    ...number("userDataLimitBytes", userDataLimitBytes, 1, "see what your provider takes"),
  ];
}

function checkSsh({ readiness }: CloudInitSettings): readonly Problem[] {
  const { user, port, sshOptions = [] } = readiness?.ssh ?? {};
  return [
    // What begins with a dash would be an option of ssh.
    ...(isLateOr(readiness?.sshHost, HOST_NAME)
      ? []
      : error(
          "RC509",
          "readiness.sshHost",
          readiness?.sshHost,
          "must be a host name or an address",
          "write what you would write after `ssh`, without user and port",
        )),
    ...(user === undefined || USER.test(user)
      ? []
      : error("RC509", "readiness.user", user, "must be the name of a user", "use 'root'")),
    ...(port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536)
      ? []
      : error("RC509", "readiness.port", port, "must be a whole TCP port from 1 to 65535", "use 22")),
    ...sshOptions.flatMap((option, index) =>
      SSH_OPTION.test(option)
        ? []
        : error(
            "RC509",
            `readiness.sshOptions[${index}]`,
            option,
            "must be an option as in ssh's configuration file, `Name=value`",
            "write e.g. 'IdentityFile=~/.ssh/cluster'",
          ),
    ),
  ];
}

/** A build reads files of the machine that synthesizes, and user data would be their way to the others. */
function checkBuild(_: CloudInitSettings, { image: { derived } }: ClusterDeclaration): readonly Problem[] {
  const files = {
    pipConfigurationFile: derived?.pipConfigurationFile,
    certificateAuthoritiesFile: derived?.certificateAuthoritiesFile,
  };
  return Object.entries(files).flatMap(([name, file]) =>
    file === undefined
      ? []
      : error(
          "RC512",
          `image.${name}`,
          file,
          "must not be given: the machines build the image, and user data is no way for what a build reads",
          "put what pip needs into /etc/ray-cluster/environment of the machine image",
        ),
  );
}

/** Whether a text is absent, known only at apply, or of this form. */
function isLateOr(text: string | undefined, form: RegExp): boolean {
  return text === undefined || Token.isUnresolved(text) || form.test(text);
}
