import { isAbsolutePath, repeated, unless } from "../../problems/checks";
import { type ErrorFinding, errorRule, type Found } from "../../problems/rule";
import { show } from "../../problems/text";
import { engineKind } from "../engine-spec";
import type { ClusterRule } from "./rule";

/** Arguments after which a secret follows in the engines we know. */
const SECRET_ARGUMENT = /^--?(api[-_]keys?|token|hf[-_]token|auth[-_]token|password|redis-password)(=|$)/i;

export const engineRules: readonly ClusterRule[] = [
  errorRule("RC070", {
    title: "The engine's command is a program and its arguments",
    why: "It is run without a shell: nothing splits a line, expands a variable or interprets quotes.",
    check: ({ engine }) => {
      const [program] = engine.argv;
      return (
        engineKind(engine) !== "none" &&
        (program === undefined || program === "" || /\s/.test(program)) && {
          path: "engine.argv",
          got: show(program),
          must: "start with a program, with every argument as a separate entry",
          fix: "split the line, e.g. ['vllm', 'serve', '/models/m']",
        }
      );
    },
  }),
  errorRule("RC071", {
    title: "The engine's URL paths start with a slash",
    why: "They are appended to http://<head>:<port>.",
    check: ({ engine: { api } }) =>
      api && [
        urlPath("engine.healthPath", api.healthPath),
        ...api.proof.map(({ path }, index) => urlPath(`engine.proof[${index}].path`, path)),
      ],
  }),
  errorRule("RC072", {
    title: "No secret is an argument of the engine",
    why: "Every user of the machine can read the arguments of every process, and Terraform's state contains them.",
    check: ({ engine }) =>
      engine.argv.map((argument, index) =>
        unless(!SECRET_ARGUMENT.test(argument), {
          path: `engine.argv[${index}]`,
          got: show(argument.split("=")[0]),
          must: "not pass a secret",
          fix: "use the engine's apiKeys, or secrets: { NAME: SecretRef.hostFile('/root/secret') }",
        }),
      ),
  }),
  errorRule("RC073", {
    title: "The served model has a name",
    why: "The request that proves serving asks for the model by this name.",
    check: ({ engine: { api } }) =>
      api &&
      !/^\S+$/.test(api.servedModel) && {
        path: "engine.servedModel",
        got: show(api.servedModel),
        must: "be a name without spaces",
        fix: "use the name under which the API serves the model",
      },
  }),
  errorRule("RC074", {
    title: "The engine's files have absolute paths",
    why: "A relative path has no meaning in the container.",
    check: ({ engine }) =>
      engine.files.map((file, index) =>
        unless(isAbsolutePath(file.path), {
          path: `engine.files[${index}].path`,
          got: show(file.path),
          must: "be an absolute path",
          fix: `use a path such as '/${file.path.split("/").at(-1)}'`,
        }),
      ),
  }),
  errorRule("RC075", {
    title: "The engine's ports have unique names",
    why: "Firewall rules and the review refer to a port by its name.",
    check: ({ engine }, { ports }) =>
      engine.ports
        .filter((port) => ports.filter((other) => other.port.name === port.name).length > 1)
        .map((port) => ({
          path: `engine.ports.${port.name}`,
          got: show(port.name),
          must: "differ from the name of every other port of the cluster",
          fix: `rename it, e.g. to '${engine.name}-${port.name}'`,
        })),
  }),
  errorRule("RC078", {
    title: "An engine whose first rank is on the head has accelerators there",
    why: "Rank 0 has the API and the address at which the others meet, and the head runs it.",
    check: ({ engine, pools: [first] }) =>
      first !== undefined &&
      first.acceleratorsPerNode <= 0 &&
      (engine.follower || engine.nodeEnvironment || engine.hasRankOnHead) && {
        path: "pools[0].accelerator",
        got: "none",
        must: `be set: the engine '${engine.name}' runs its rank 0 on the head`,
        fix: `put the pool with accelerators first${engine.hasRankOnHead ? "" : ", or let the engine reach the nodes through Ray"}`,
      },
  }),
  errorRule("RC079", {
    title: "Nodes with variables of their own have planned addresses",
    why: "A node that gets its address at boot cannot know which rank's variables apply to it.",
    check: ({ engine, pools }, { place }) =>
      engine.nodeEnvironment &&
      pools.map((pool, index) =>
        unless(pool.acceleratorsPerNode <= 0 || place.addresses[pool.name] !== undefined, {
          path: `pools[${index}]`,
          got: "addresses assigned at boot",
          must: `have planned addresses: the engine '${engine.name}' numbers its nodes`,
          fix: "use a backend that plans them, e.g. HostsBackend",
        }),
      ),
  }),
  errorRule("RC160", {
    title: "The engine's files have different paths",
    why: "A second file would replace the first.",
    check: ({ engine }) =>
      repeated(
        engine.files.map((file, index) => ({ path: `engine.files[${index}].path`, value: file.path })),
      ).map(({ path, value, first }) => ({
        path,
        got: show(value),
        must: `differ from ${first}`,
        fix: "use another path for one of the two files",
      })),
  }),
];

function urlPath(path: string, value: string): Found<ErrorFinding> {
  return unless(value.startsWith("/"), {
    path,
    got: show(value),
    must: "start with '/'",
    fix: `use '/${value}'`,
  });
}
