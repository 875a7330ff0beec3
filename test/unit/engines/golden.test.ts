import * as path from "node:path";
import { expectGolden } from "../../support/golden";
import { renderSystem } from "./support/render";
import { SYSTEMS } from "./support/systems";

test.each(SYSTEMS.map((system) => [system.name, system] as const))(
  "%s matches its golden page",
  (name, system) => {
    expectGolden(path.join(__dirname, "golden", `${name}.md`), renderSystem(system));
    expect(renderSystem(system)).toBe(renderSystem(system));
  },
);
