import type { Docker } from "./docker";

/**
 * An image as an engine's is published: with pip and an entry point of its own. The images of these tests have no pip.
 *
 * @param command what changes the image besides, by its Python
 */
export async function makePipBase(
  docker: Docker,
  wanted: {
    readonly from: string;
    readonly tag: string;
    readonly container: string;
    readonly pipFolder: string;
    readonly command: readonly string[];
  },
): Promise<void> {
  const { from, tag, container, pipFolder, command } = wanted;
  await docker.output("create", "--name", container, "--entrypoint", "python3", from, ...command);
  await docker.output("cp", pipFolder, `${container}:/usr/lib/python3/dist-packages/pip`);
  await docker.output("start", "--attach", container);
  await docker.output("commit", "--change", 'ENTRYPOINT ["false"]', container, tag);
  await docker.output("rm", container);
}
