import { type EngineFinding, hasApi } from "../engine-spec";
import type { ClusterSpec } from "../plan/spec";
import type { Finding, Rule } from "./rule";
import { show } from "../../problems/text";

/** Arguments after which a secret follows in the engines we know. */
const SECRET_ARGUMENT = /^--?(api[-_]keys?|token|hf[-_]token|auth[-_]token|password|redis-password)(=|$)/i;

export const engineRules: readonly Rule[] = [
  {
    id: "RC070",
    level: "error",
    title: "The engine's command is a program and its arguments",
    why: "It is started as it stands, without a shell: nothing splits a line, expands a variable or quotes a blank.",
    check: ({ engine }) => {
      const [program] = engine.argv;
      return engine.kind === "none" || (program !== undefined && program !== "" && !/\s/.test(program))
        ? []
        : [
            {
              path: "engine.argv",
              got: show(program),
              allowed: "must begin with a program, each argument an entry of its own",
              fix: "split the line, e.g. ['vllm', 'serve', '/models/m']",
            },
          ];
    },
  },
  {
    id: "RC071",
    level: "error",
    title: "The engine's paths are absolute",
    why: "They are appended to http://<head>:<port>.",
    check: ({ engine }) =>
      hasApi(engine)
        ? [
            ...absolute("engine.healthPath", engine.healthPath),
            ...absolute("engine.completion.path", engine.completion.path),
          ]
        : [],
  },
  {
    id: "RC072",
    level: "error",
    title: "No secret is an argument of the engine",
    why: "Every user of the machine can read the arguments of every process; they also lie in Terraform's state.",
    check: ({ engine }) =>
      engine.argv.flatMap((argument, index) =>
        SECRET_ARGUMENT.test(argument)
          ? [
              {
                path: `engine.argv[${index}]`,
                got: show(argument.split("=")[0]),
                allowed: "must not carry a secret",
                fix: "put it into a file on the nodes and let the engine read that",
              },
            ]
          : [],
      ),
  },
  {
    id: "RC073",
    level: "error",
    title: "The served model has a name",
    why: "The completion that proves serving asks for the model by this name.",
    check: ({ engine }) =>
      !hasApi(engine) || /^\S+$/.test(engine.servedModel)
        ? []
        : [
            {
              path: "engine.servedModel",
              got: show(engine.servedModel),
              allowed: "must be a name without blanks",
              fix: "give the name under which the API serves the model",
            },
          ],
  },
  {
    id: "RC074",
    level: "error",
    title: "The engine's files have absolute paths of their own",
    why: "A second file would replace the first, and a relative path has no meaning in the container.",
    check: checkFiles,
  },
  {
    id: "RC075",
    level: "error",
    title: "The engine's ports have names of their own",
    why: "Firewall rules and the review name a port by its name.",
    check: ({ engine }, { ports }) =>
      engine.ports
        .filter((port) => ports.filter((other) => other.name === port.name).length > 1)
        .map((port) => ({
          path: `engine.ports.${port.name}`,
          got: show(port.name),
          allowed: "must not be the name of another port of the cluster",
          fix: `call it '${engine.name}-${port.name}'`,
        })),
  },
  {
    id: "RC076",
    level: "error",
    title: "The engine can do what is asked of it",
    why: "Each engine knows its own flags, images and limits; it would refuse them after the machines were made.",
    check: ({ engine }) => findingsOf(engine.findings, "error"),
  },
  {
    id: "RC077",
    level: "warning",
    title: "The engine is known to do well what is asked of it",
    why: "Each engine knows what is reported to fail or to be slow.",
    check: ({ engine }) => findingsOf(engine.findings, "warning"),
  },
  {
    id: "RC078",
    level: "error",
    title: "An engine that numbers its nodes has its first one on the head",
    why: "Rank 0 has the API and the address at which the others meet; the head runs it.",
    check: ({ engine, pools: [first] }) =>
      first === undefined || first.acceleratorsPerNode > 0 || !(engine.follower || engine.nodeEnvironment)
        ? []
        : [
            {
              path: "pools[0].accelerator",
              got: "none",
              allowed: `must be there: the engine '${engine.name}' runs its rank 0 on the head`,
              fix: "put the pool with accelerators first, or let the engine reach the nodes through Ray",
            },
          ],
  },
  {
    id: "RC079",
    level: "error",
    title: "Nodes with variables of their own have planned addresses",
    why: "A node that gets its address at boot cannot know which rank's variables are its own.",
    check: ({ engine, pools }, { place }) =>
      engine.nodeEnvironment === undefined
        ? []
        : pools.flatMap((pool, index) =>
            pool.acceleratorsPerNode > 0 && place.addresses[pool.name] === undefined
              ? [
                  {
                    path: `pools[${index}]`,
                    got: "addresses assigned at boot",
                    allowed: `must have planned addresses: the engine '${engine.name}' numbers its nodes`,
                    fix: "use a place that plans them, e.g. hosts with fixed addresses",
                  },
                ]
              : [],
          ),
  },
];

function findingsOf(
  findings: readonly EngineFinding[] | undefined,
  level: EngineFinding["level"],
): readonly Finding[] {
  return (findings ?? [])
    .filter((finding) => finding.level === level)
    .map(({ path, got, allowed, fix, links }) => ({
      path,
      got,
      allowed,
      fix,
      ...(links?.length ? { links } : {}),
    }));
}

function absolute(path: string, value: string): readonly Finding[] {
  return value.startsWith("/")
    ? []
    : [{ path, got: show(value), allowed: "must begin with '/'", fix: `did you mean '/${value}'?` }];
}

function checkFiles({ engine }: ClusterSpec): readonly Finding[] {
  return engine.files.flatMap((file, index) => {
    const path = `engine.files[${index}].path`;
    const first = engine.files.findIndex((other) => other.path === file.path);
    return [
      ...absolute(path, file.path),
      ...(first === index
        ? []
        : [
            {
              path,
              got: show(file.path),
              allowed: `must differ from the path of engine.files[${first}]`,
              fix: "give one of them another path",
            },
          ]),
    ];
  });
}
