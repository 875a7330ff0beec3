import { isWhole, unless } from "../problems/checks";
import { errorRule, type Topic } from "../problems/rule";
import { show } from "../problems/text";
import { distinctRule, valuesAt } from "../problems/value-rule";
import type { ClusterDeclaration } from "../terraform/cluster-backend";
import { form, isMachinePath, WORD } from "./form";
import { BUILD_FILES } from "../topology/declaration/derived-image";
import type { CloudInitSettings } from "./settings";

const PATH = "be an absolute path of letters, digits, '_', '.' and '-'";

/** What the machines must be. Addresses and network are judged by the rules of the topology. */
export const MACHINES: Topic<CloudInitSettings, ClusterDeclaration> = {
  title: "Machines that boot with cloud-init",
  rules: [
    errorRule("RC501", {
      title: "The head's address is stated once: headAddress, or the first of addresses",
      why: "Every node is told the head's address before any machine exists.",
      check: ({ headAddress, addresses }) => [
        ...unless(headAddress !== undefined || addresses !== undefined, {
          path: "backend.headAddress",
          got: "nothing",
          must: "be given where there are no addresses",
          fix: "set headAddress, or the addresses of all machines",
        }),
        ...unless(headAddress === undefined || addresses === undefined, {
          path: "backend.addresses",
          got: "headAddress and addresses",
          must: "be only one of them",
          fix: "leave out headAddress: the head has the first of the addresses",
        }),
      ],
    }),
    form({
      id: "RC504",
      title: "A registry is named by its host",
      why: "The machines sign in to this host before they pull the image.",
      at: "registry.host",
      is: /^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?$/,
      must: "be the host name of a registry, with its port if it has one",
      fix: "write what follows `docker login`, e.g. 'quay.io'",
    }),
    form({
      id: "RC515",
      title: "The user of a registry is one word",
      why: "It is stored in a file whose items are separated by spaces.",
      at: "registry.user",
      is: WORD,
      must: "be non-empty and contain no spaces",
      fix: "use the user name that the registry gave you",
    }),
    form({
      id: "RC505",
      title: "The source of a mount is one word",
      why: "It becomes a line of a systemd unit.",
      at: "mounts[].source",
      is: WORD,
      must: "be non-empty and contain no spaces",
      fix: "write e.g. '10.20.0.5:/models'",
    }),
    form({
      id: "RC516",
      title: "A mount point is an absolute path that systemd can name",
      why: "The unit of a mount is named after its path.",
      at: "mounts[].hostPath",
      is: isMachinePath,
      must: PATH,
      fix: "write e.g. '/mnt/models'",
    }),
    distinctRule(
      {
        id: "RC517",
        title: "Each mount has a mount point of its own",
        why: "The later of two mounts hides the earlier one.",
        fix: "mount each file system at a path of its own",
      },
      (settings) => valuesAt(settings, "mounts[].hostPath", "backend"),
    ),
    form({
      id: "RC518",
      title: "A mount names the type of its file system",
      why: "The type is passed to mount(8).",
      at: "mounts[].type",
      is: /^[\w.]+$/,
      must: "be the type of a file system",
      fix: "write e.g. 'nfs4'",
    }),
    form({
      id: "RC519",
      title: "The options of a mount are listed one by one",
      why: "They are joined by commas.",
      at: "mounts[].options[]",
      is: /^[^\s,]+$/,
      must: "be one option, without commas and spaces",
      fix: "write e.g. ['ro', 'nconnect=16']",
    }),
    form({
      id: "RC506",
      title: "The folder of the machine's own disks is an absolute path",
      why: "The boot waits until something is mounted there.",
      at: "diskFolder",
      is: isMachinePath,
      must: PATH,
      fix: "write e.g. '/mnt/disk'",
    }),
    form({
      id: "RC507",
      title: "Packages are named as the distribution names them",
      why: "One unknown package keeps all of them from being installed.",
      at: "packages[]",
      is: /^[a-z0-9][a-z0-9+.-]+(=\S+)?$/,
      must: "be the name of a package, with its version if that matters",
      fix: "write what follows `apt-get install`, e.g. 'nfs-common'",
    }),
    form({
      id: "RC508",
      title: "The node program is fetched from a URL of a file",
      why: "Every machine fetches it with curl before anything else can run.",
      at: "programUrl",
      is: /^(https?:\/\/[^\s/]+\/|file:\/\/\/)\S+$/,
      must: "be the http, https or file URL of a file",
      fix: "write e.g. 'https://files.example/program.json' or 'file:///mnt/models/program.json'",
    }),
    form({
      id: "RC520",
      title: "The boot timeout is a whole number of seconds",
      why: "All deadlines of the plan are extended by it.",
      at: "bootTimeoutSeconds",
      is: (seconds: number) => isWhole(seconds, 0),
      must: "be a whole number of at least 0",
      fix: "leave it out to allow 900 seconds",
    }),
    form({
      id: "RC529",
      title: "The limit of user data is a whole number of bytes",
      why: "The size of every text is compared with it.",
      at: "userDataLimitBytes",
      is: (bytes: number) => isWhole(bytes, 1),
      must: "be a whole number of at least 1",
      fix: "use the number that your provider documents",
    }),
    errorRule("RC512", {
      title: "A derived image is built without files of the machine that runs Terraform",
      why: "They may hold credentials, and anybody on a machine can read its user data.",
      check: (_, { image: { derived } }) =>
        BUILD_FILES.flatMap((name) =>
          unless(derived?.[name] === undefined, {
            path: `image.${name}`,
            got: show(derived?.[name]),
            must: "be left out: the machines build the image, and would get the file as readable user data",
            fix: "build the image beforehand, or configure pip in /etc/ray-cluster/environment of the machine image",
          }),
        ),
    }),
  ],
};
