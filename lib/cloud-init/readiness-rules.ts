import { isWhole, unless } from "../problems/checks";
import { errorRule, warningRule, type Topic } from "../problems/rule";
import type { ClusterDeclaration } from "../terraform/cluster-backend";
import { form } from "./form";
import type { CloudInitSettings } from "./settings";

/** How a deployment may find out that the cluster serves. */
export const READINESS: Topic<CloudInitSettings, ClusterDeclaration> = {
  title: "Readiness check of machines that boot with cloud-init",
  rules: [
    warningRule("RC511", {
      title: "There is a readiness check",
      why: "Without one, nothing waits for the cluster.",
      check: ({ readiness }) =>
        unless(readiness !== undefined, {
          path: "backend.readiness",
          got: "no readiness check",
          consequence: "lets apply succeed before the cluster serves, even if it never does",
          fix: "set readiness: ReadinessCheck.http(), or ReadinessCheck.ssh()",
        }),
    }),
    form({
      id: "RC509",
      title: "A check over HTTP asks a base URL",
      why: "The path `/ready` is appended to it.",
      at: "readiness.url",
      is: /^https?:\/\/[^\s/]+(\/\S*)?$/,
      must: "be the base URL of the head's report port",
      fix: "write e.g. 'http://127.0.0.1:6378', or leave it out to use the head's address",
    }),
    errorRule("RC531", {
      title: "A check over HTTP asks a head that speaks it",
      why: "With TLS between the nodes the report port takes only who has a certificate of the cluster, which no other machine has.",
      check: ({ readiness }, { internodeTls }) =>
        internodeTls === true &&
        readiness?.kind === "http" && {
          path: "backend.readiness",
          got: "ReadinessCheck.http() with internodeTls",
          must: "be a check over ssh where the nodes speak TLS",
          fix: "use ReadinessCheck.ssh(), which asks on the head's machine",
        },
    }),
    form({
      id: "RC524",
      title: "A check over ssh names a host",
      why: "Anything else would be read as an option of ssh.",
      at: "readiness.sshHost",
      is: /^[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?$/,
      must: "be a host name or an address",
      fix: "write what follows `ssh`, without user and port",
    }),
    form({
      id: "RC525",
      title: "The user of ssh is a user name",
      why: "Anything else would be read as an option of ssh.",
      at: "readiness.user",
      is: /^[A-Za-z_][A-Za-z0-9_.-]*$/,
      must: "be the name of a user",
      fix: "use 'root'",
    }),
    form({
      id: "RC526",
      title: "The port of ssh is a TCP port",
      why: "Any other number is refused by ssh, after the machines have been made.",
      at: "readiness.port",
      is: (port: number) => isWhole(port, 1, 65_535),
      must: "be a whole number from 1 to 65535",
      fix: "leave it out to use 22",
    }),
    form({
      id: "RC527",
      title: "Options of ssh are written as in its configuration file",
      why: "Each is passed to `ssh -o`.",
      at: "readiness.sshOptions[]",
      is: /^[A-Za-z]+=[^\n\r]+$/,
      must: "be an option as in ssh's configuration file, `Name=value`",
      fix: "write e.g. 'IdentityFile=~/.ssh/cluster'",
    }),
  ],
};

/** What shows only when everything is declared: whether the site was told of the machines. */
export const MACHINES_OF_CHECK: Topic<boolean> = {
  title: "Machines that a readiness check waits for",
  rules: [
    errorRule("RC528", {
      title: "A readiness check knows the machines",
      why: "Otherwise its deadline includes the time to make them, and a machine that is replaced later is not waited for.",
      check: (areKnown) =>
        unless(areKnown, {
          path: "backend.readiness",
          got: "no machines",
          must: "know the machines that it waits for",
          fix: "pass their resources to CloudInitSite.of(cluster.site).addMachines(...), an empty list where this stack makes none",
        }),
    }),
  ],
};
