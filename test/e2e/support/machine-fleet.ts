import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedMachine, SimulatedMachines } from "./machines";
import { REPOSITORY } from "./project";

const BOOT = join(REPOSITORY, "test", "e2e", "machine", "plain-boot.sh");

/** Ascend servers beyond a handful: booted plainly, side by side, with the image loaded only once. */
export class MachineFleet {
  public readonly members: SimulatedMachine[] = [];

  public constructor(private readonly machines: SimulatedMachines) {}

  /** `atlas-0` and so on, with the addresses from `firstHost` on. */
  public async start(count: number, firstHost: number, image: string): Promise<void> {
    copyFileSync(BOOT, join(this.machines.folder, "boot.sh"));
    const first = await this.add(0, firstHost);
    await this.machines.load(image, [first]);
    const indices = Array.from({ length: count - 1 }, (_, index) => index + 1);
    const others = await Promise.all(indices.map((index) => this.add(index, firstHost + index, first.name)));
    this.members.push(first, ...others);
    await Promise.all(this.members.map((machine, index) => machine.becomeAscend(index)));
  }

  /** @param like a machine whose images it begins with */
  private add(index: number, host: number, ...like: readonly string[]): Promise<SimulatedMachine> {
    return this.machines.add(`atlas-${index}`, host, "docker", {
      options: ["--volume", `${this.machines.prefix}-disks:/disks`],
      command: ["sh", "/shared/boot.sh", ...like],
    });
  }
}
