import { isAbsolutePath, unless } from "../../problems/checks";
import { errorRule, warningRule } from "../../problems/rule";
import { show } from "../../problems/text";
import { engineKind } from "../engine-spec";
import type { SecretKind } from "../values/secret-ref";
import type { ClusterRule } from "./rule";
import { names } from "./settings";

/** What machines can read where their place says nothing else. */
const ON_HOSTS: readonly SecretKind[] = ["host-file"];

const SECRETS: { readonly [kind in SecretKind]: string } = {
  "host-file": "SecretRef.hostFile(path)",
  managed: "SecretRef.managed(id)",
};

/** Rules of the secrets of a cluster: the model's, the engine's, and those by name. */
export const secretRules: readonly ClusterRule[] = [
  errorRule("RC135", {
    title: "A secret is named by the absolute path of its file",
    why: "Docker takes anything else for the name of a volume, which would be empty.",
    check: ({ secrets }) =>
      secrets.map(
        ({ path, ref: { hostPath } }) =>
          hostPath !== undefined &&
          !(isAbsolutePath(hostPath) && hostPath !== "/") && {
            path,
            got: "a value (not shown)",
            must: "be the absolute path of a file on the machine",
            fix: "write the secret to a file and reference it, e.g. SecretRef.hostFile('/root/hf-token')",
          },
      ),
  }),
  errorRule("RC139", {
    title: "The backend can read the secret",
    why: "Machines that a deployment creates hold no file yet; existing machines have no secret store.",
    check: ({ secrets }, { place: { backend, secretKinds = ON_HOSTS } }) =>
      secrets.map(({ path, ref }) =>
        unless(secretKinds.includes(ref.kind), {
          path,
          got: SECRETS[ref.kind],
          must: `be ${secretKinds.map((kind) => SECRETS[kind]).join(" or ")} on the '${backend}' backend`,
          fix: "put the secret where this backend's machines can read it",
        }),
      ),
  }),
  errorRule("RC163", {
    title: "A secret by name is a variable that nothing else sets",
    why: "The engine's process would see one of the two values.",
    check: (spec) =>
      spec.secrets.map(
        ({ path, variable }) =>
          variable !== undefined &&
          (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable) ||
            names(spec).some(({ name }) => name === variable)) && {
            path,
            got: show(variable),
            must: "be the name of a variable that neither the declaration nor the engine sets",
            fix: "correct the name, or remove the other one",
          },
      ),
  }),
  warningRule("RC164", {
    title: "A secret by name has a process that reads it",
    why: "Only the processes of the engine or the job get it.",
    check: ({ secrets, engine }) =>
      engineKind(engine) === "none" &&
      secrets.map(
        ({ path, variable }) =>
          variable !== undefined && {
            path,
            got: show(variable),
            consequence: "has no effect: nothing runs on this cluster but Ray",
            fix: "remove it, or choose an engine",
          },
      ),
  }),
];
