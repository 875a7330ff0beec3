import { isWhole } from "../problems/checks";
import type { Topic } from "../problems/rule";
import { show } from "../problems/text";
import { checkForm } from "./form";
import type { CloudInitSettings } from "./settings";

const BASE_URL = /^https?:\/\/[^\s/]+(\/\S*)?$/;
/** What begins with a dash would be an option of ssh. */
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const SSH_OPTION = /^[A-Za-z]+=[^\n\r]+$/;

/** How a deployment may find out that the cluster serves. */
export const READINESS: Topic<CloudInitSettings> = {
  title: "Readiness check of machines that boot with cloud-init",
  rules: [
    {
      id: "RC511",
      level: "warning",
      title: "There is a readiness check",
      why: "Without one, nothing waits for the cluster.",
      check: ({ readiness }) =>
        readiness === undefined
          ? [
              {
                path: "backend.readiness",
                got: "no readiness check",
                consequence: "lets apply succeed before the cluster serves, even if it never does",
                fix: "set readiness: ReadinessCheck.http(), or ReadinessCheck.ssh()",
              },
            ]
          : [],
    },
    {
      id: "RC509",
      level: "error",
      title: "A check over HTTP asks a base URL",
      why: "The path `/ready` is appended to it.",
      check: ({ readiness }) =>
        checkForm(
          "backend.readiness.url",
          readiness?.url,
          BASE_URL,
          "be the base URL of the head's report port",
          "write e.g. 'http://127.0.0.1:6378', or leave it out to use the head's address",
        ),
    },
    {
      id: "RC524",
      level: "error",
      title: "A check over ssh names a host",
      why: "Anything else would be read as an option of ssh.",
      check: ({ readiness }) =>
        checkForm(
          "backend.readiness.sshHost",
          readiness?.sshHost,
          HOST_NAME,
          "be a host name or an address",
          "write what follows `ssh`, without user and port",
        ),
    },
    {
      id: "RC525",
      level: "error",
      title: "The user of ssh is a user name",
      why: "Anything else would be read as an option of ssh.",
      check: ({ readiness }) =>
        checkForm(
          "backend.readiness.user",
          readiness?.ssh?.user,
          USER,
          "be the name of a user",
          "use 'root'",
        ),
    },
    {
      id: "RC526",
      level: "error",
      title: "The port of ssh is a TCP port",
      why: "Any other number is refused by ssh, after the machines have been made.",
      check: ({ readiness }) => {
        const port = readiness?.ssh?.port;
        return port === undefined || isWhole(port, 1, 65_535)
          ? []
          : [
              {
                path: "backend.readiness.port",
                got: show(port),
                must: "be a whole number from 1 to 65535",
                fix: "leave it out to use 22",
              },
            ];
      },
    },
    {
      id: "RC527",
      level: "error",
      title: "Options of ssh are written as in its configuration file",
      why: "Each is passed to `ssh -o`.",
      check: ({ readiness }) =>
        (readiness?.ssh?.sshOptions ?? []).flatMap((option, index) =>
          checkForm(
            `backend.readiness.sshOptions[${index}]`,
            option,
            SSH_OPTION,
            "be an option as in ssh's configuration file, `Name=value`",
            "write e.g. 'IdentityFile=~/.ssh/cluster'",
          ),
        ),
    },
  ],
};

/** What shows only when everything is declared: whether the site was told of the machines. */
export const MACHINES_OF_CHECK: Topic<boolean> = {
  title: "Machines that a readiness check waits for",
  rules: [
    {
      id: "RC528",
      level: "error",
      title: "A readiness check knows the machines",
      why: "Otherwise its deadline includes the time to make them, and a machine that is replaced later is not waited for.",
      check: (areKnown) =>
        areKnown
          ? []
          : [
              {
                path: "backend.readiness",
                got: "no machines",
                must: "know the machines that it waits for",
                fix: "pass their resources to CloudInitSite.of(cluster.site).addMachines(...), an empty list where this stack makes none",
              },
            ],
    },
  ],
};
