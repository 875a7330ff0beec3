import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleText, unpackProgram } from "../../../lib/runtime/bundle";

const folder = mkdtempSync(join(tmpdir(), "bundle-"));
const bundle = join(folder, "bundle.json");
const program = join(folder, "unpack_files.py");

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("a bundle has the container's files and, under another name, those of the machine", () => {
  const text = bundleText([{ path: "/a", content: "1" }], [{ path: "/b", content: "2" }]);
  expect(text).toBe('{"/a":"1","host:/b":"2"}\n');
});

test("a bundle is unpacked by its program, in a container and on a machine", () => {
  const container = [{ path: join(folder, "container/a.py"), content: "ä\r\n" }];
  writeFileSync(bundle, bundleText(container, [{ path: "/b.sh", content: "echo" }]));
  writeFileSync(program, unpackProgram());
  const run = spawnSync("python3", [program, bundle, "echo", "started"], { encoding: "utf8" });
  expect(run.stdout).toBe("started\n");
  expect(readFileSync(join(folder, "container/a.py"), "utf8")).toBe("ä\r\n");
  spawnSync("python3", [program, "--host", bundle, join(folder, "machine")]);
  expect(readdirSync(join(folder, "machine"))).toEqual(["b.sh"]);
});
