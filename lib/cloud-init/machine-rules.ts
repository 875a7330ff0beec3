import { checkWhole, repeated } from "../problems/checks";
import type { Topic } from "../problems/rule";
import { show } from "../problems/text";
import type { ClusterDeclaration } from "../terraform/cluster-backend";
import { checkForm, isMachinePath, WORD } from "./form";
import type { CloudInitSettings } from "./settings";

const PACKAGE = /^[a-z0-9][a-z0-9+.-]+(=\S+)?$/;
const FILE_URL = /^(https?:\/\/[^\s/]+\/|file:\/\/\/)\S+$/;
const REGISTRY = /^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?$/;
const PATH = "be an absolute path of letters, digits, '_', '.' and '-'";

/** What the machines must be. Addresses and network are judged by the rules of the topology. */
export const MACHINES: Topic<CloudInitSettings, ClusterDeclaration> = {
  title: "Machines that boot with cloud-init",
  rules: [
    {
      id: "RC501",
      level: "error",
      title: "The head's address is stated once: headAddress, or the first of addresses",
      why: "Every node is told the head's address before any machine exists.",
      check: ({ headAddress, addresses }) =>
        headAddress === undefined && addresses === undefined
          ? [
              {
                path: "backend.headAddress",
                got: "nothing",
                must: "be given where there are no addresses",
                fix: "set headAddress, or the addresses of all machines",
              },
            ]
          : headAddress !== undefined && addresses !== undefined
            ? [
                {
                  path: "backend.addresses",
                  got: "headAddress and addresses",
                  must: "be only one of them",
                  fix: "leave out headAddress: the head has the first of the addresses",
                },
              ]
            : [],
    },
    {
      id: "RC504",
      level: "error",
      title: "A registry is named by its host",
      why: "The machines sign in to this host before they pull the image.",
      check: ({ registry }) =>
        checkForm(
          "backend.registry.host",
          registry?.host,
          REGISTRY,
          "be the host name of a registry, with its port if it has one",
          "write what follows `docker login`, e.g. 'quay.io'",
        ),
    },
    {
      id: "RC515",
      level: "error",
      title: "The user of a registry is one word",
      why: "It is stored in a file whose items are separated by spaces.",
      check: ({ registry }) =>
        checkForm(
          "backend.registry.user",
          registry?.user,
          WORD,
          "be non-empty and contain no spaces",
          "use the user name that the registry gave you",
        ),
    },
    {
      id: "RC505",
      level: "error",
      title: "The source of a mount is one word",
      why: "It becomes a line of a systemd unit.",
      check: ({ mounts = [] }) =>
        mounts.flatMap(({ source }, index) =>
          checkForm(
            `backend.mounts[${index}].source`,
            source,
            WORD,
            "be non-empty and contain no spaces",
            "write e.g. '10.20.0.5:/models'",
          ),
        ),
    },
    {
      id: "RC516",
      level: "error",
      title: "A mount point is an absolute path that systemd can name",
      why: "The unit of a mount is named after its path.",
      check: ({ mounts = [] }) =>
        mounts.flatMap(({ hostPath }, index) =>
          checkForm(
            `backend.mounts[${index}].hostPath`,
            hostPath,
            isMachinePath,
            PATH,
            "write e.g. '/mnt/models'",
          ),
        ),
    },
    {
      id: "RC517",
      level: "error",
      title: "Each mount has a mount point of its own",
      why: "The later of two mounts hides the earlier one.",
      check: ({ mounts = [] }) =>
        repeated(
          mounts.map(({ hostPath }, index) => ({
            path: `backend.mounts[${index}].hostPath`,
            value: hostPath,
          })),
        ).map(({ path, value, first }) => ({
          path,
          got: show(value),
          must: `differ from ${first}`,
          fix: "mount each file system at a path of its own",
        })),
    },
    {
      id: "RC518",
      level: "error",
      title: "A mount names the type of its file system",
      why: "The type is passed to mount(8).",
      check: ({ mounts = [] }) =>
        mounts.flatMap(({ type }, index) =>
          checkForm(
            `backend.mounts[${index}].type`,
            type,
            /^[\w.]+$/,
            "be the type of a file system",
            "write e.g. 'nfs4'",
          ),
        ),
    },
    {
      id: "RC519",
      level: "error",
      title: "The options of a mount are listed one by one",
      why: "They are joined by commas.",
      check: ({ mounts = [] }) =>
        mounts.flatMap(({ options }, mount) =>
          options.flatMap((option, index) =>
            checkForm(
              `backend.mounts[${mount}].options[${index}]`,
              option,
              /^[^\s,]+$/,
              "be one option, without commas and spaces",
              "write e.g. ['ro', 'nconnect=16']",
            ),
          ),
        ),
    },
    {
      id: "RC506",
      level: "error",
      title: "The folder of the machine's own disks is an absolute path",
      why: "The boot waits until something is mounted there.",
      check: ({ diskFolder }) =>
        checkForm("backend.diskFolder", diskFolder, isMachinePath, PATH, "write e.g. '/mnt/disk'"),
    },
    {
      id: "RC507",
      level: "error",
      title: "Packages are named as the distribution names them",
      why: "One unknown package keeps all of them from being installed.",
      check: ({ packages = [] }) =>
        packages.flatMap((name, index) =>
          checkForm(
            `backend.packages[${index}]`,
            name,
            PACKAGE,
            "be the name of a package, with its version if that matters",
            "write what follows `apt-get install`, e.g. 'nfs-common'",
          ),
        ),
    },
    {
      id: "RC508",
      level: "error",
      title: "The node program is fetched from a URL of a file",
      why: "Every machine fetches it with curl before anything else can run.",
      check: ({ programUrl }) =>
        checkForm(
          "backend.programUrl",
          programUrl,
          FILE_URL,
          "be the http, https or file URL of a file",
          "write e.g. 'https://files.example/program.json' or 'file:///mnt/models/program.json'",
        ),
    },
    {
      id: "RC520",
      level: "error",
      title: "The boot timeout is a whole number of seconds",
      why: "All deadlines of the plan are extended by it.",
      check: ({ bootTimeoutSeconds }) =>
        checkWhole(
          { path: "backend.bootTimeoutSeconds", value: bootTimeoutSeconds },
          0,
          "leave it out to allow 900 seconds",
        ),
    },
    {
      id: "RC529",
      level: "error",
      title: "The limit of user data is a whole number of bytes",
      why: "The size of every text is compared with it.",
      check: ({ userDataLimitBytes }) =>
        checkWhole(
          { path: "backend.userDataLimitBytes", value: userDataLimitBytes },
          1,
          "use the number that your provider documents",
        ),
    },
    {
      id: "RC512",
      level: "error",
      title: "A derived image is built without files of the machine that runs Terraform",
      why: "They may hold credentials, and anybody on a machine can read its user data.",
      check: (_, { image: { derived } }) =>
        (["pipConfigurationFile", "certificateAuthoritiesFile"] as const).flatMap((name) =>
          derived?.[name] === undefined
            ? []
            : [
                {
                  path: `image.${name}`,
                  got: show(derived[name]),
                  must: "be left out: the machines build the image, and would get the file as readable user data",
                  fix: "build the image beforehand, or configure pip in /etc/ray-cluster/environment of the machine image",
                },
              ],
        ),
    },
  ],
};
