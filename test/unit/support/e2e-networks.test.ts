import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(__dirname, "../../e2e");
/** Networks that a test file creates: `"10.89.120.0/24"`, or the first three numbers of one. */
const NETWORK = /"(10\.\d+\.\d+)(?:\.0\/24)?"/g;

test("end-to-end tests, which run side by side, have networks of their own", () => {
  const owners = new Map<string, string[]>();
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".e2e.test.ts"))) {
    const text = readFileSync(join(FOLDER, file), "utf8");
    const networks = new Set([...text.matchAll(NETWORK)].map((match) => match[1] ?? ""));
    networks.forEach((network) => owners.set(network, [...(owners.get(network) ?? []), file]));
  }
  expect(owners.size).toBeGreaterThan(10);
  expect([...owners].filter(([, files]) => files.length > 1)).toEqual([]);
});
