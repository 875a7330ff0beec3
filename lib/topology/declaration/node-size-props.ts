/** What each node gets of its machine. */
export interface NodeSizeProps {
  /**
   * CPUs that each node announces to Ray.
   *
   * @default - all CPUs of the machine
   */
  readonly cpusPerNode?: number;
  /**
   * Ray's object store in each node, in MiB.
   *
   * @default - Ray's own: 30 % of the machine's memory
   */
  readonly objectStoreMiB?: number;
  /**
   * Shared memory of each container, in MiB; it holds the object store.
   *
   * @default - computed from accelerators and object store
   */
  readonly sharedMemoryMiB?: number;
}
