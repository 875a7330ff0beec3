import { createHash } from "node:crypto";
import { ContainerFiles } from "../../../../lib/docker/container/container-files";
import type { ContainerFile } from "../../../../lib/runtime/container-spec/container-spec";
import { Synthesized } from "../../../support/synth";

const PROGRAM: ContainerFile = { path: "/opt/ray-cluster/a.py", content: "print('${x}')\n" };

function config(node: string): ContainerFile {
  return { path: "/etc/ray-cluster/node.json", content: `{"node": "${node}", "a": "\${b}"}` };
}

describe("ContainerFiles", () => {
  let stack: Synthesized;

  afterEach(() => {
    stack.remove();
  });

  it("bundles what the containers share, and names the bundle by path and hash", () => {
    stack = Synthesized.of((scope) => {
      const files = new ContainerFiles(scope, "c1", [
        { files: [PROGRAM, config("0")] },
        { files: [PROGRAM, config("1")] },
      ]);
      const uploads = files.uploads([PROGRAM, config("1")], "npu-1");
      expect(uploads.map((upload) => [upload.file, upload.source])).toEqual([
        ["/opt/ray-cluster/unpack_files.py", "files/unpack_files.py"],
        ["/opt/ray-cluster/files.json", "files/c1.json"],
        ["/etc/ray-cluster/node.json", undefined],
      ]);
      expect(files.uploads([PROGRAM, config("0")], "npu-0").slice(0, 2)).toEqual(uploads.slice(0, 2));
      const bundle = `${JSON.stringify({ [PROGRAM.path]: PROGRAM.content }, null, 2)}\n`;
      expect(uploads[1].sourceHash).toBe(createHash("sha256").update(bundle).digest("hex"));
    });
    expect(JSON.parse(stack.file("files/c1.json"))).toEqual({ [PROGRAM.path]: PROGRAM.content });
    expect(stack.file("files/unpack_files.py")).toContain("def unpack(");
  });

  it("sends what belongs to one container inline, escaped for Terraform, also if there is only one", () => {
    stack = Synthesized.of((scope) => {
      const files = new ContainerFiles(scope, "c1", [{ files: [config("0")] }, { files: [config("0")] }]);
      expect(files.uploads([config("0")], "npu-0").slice(2)).toEqual([
        { file: "/etc/ray-cluster/node.json", content: '{"node": "0", "a": "$${b}"}' },
      ]);
    });
    expect(JSON.parse(stack.file("files/c1.json"))).toEqual({});
  });

  it("puts the files in place before the command", () => {
    stack = Synthesized.of((scope) => {
      expect(new ContainerFiles(scope, "c1", []).command(["python3", "-m", "ray_node", "start"])).toEqual([
        "python3",
        "/opt/ray-cluster/unpack_files.py",
        "/opt/ray-cluster/files.json",
        "python3",
        "-m",
        "ray_node",
        "start",
      ]);
    });
  });

  it("keeps two clusters of one stack apart", () => {
    stack = Synthesized.of((scope) => {
      for (const cluster of ["c1", "c2"]) {
        new ContainerFiles(scope, cluster, [{ files: [{ path: "/opt/a.py", content: cluster }] }]);
      }
    });
    expect(JSON.parse(stack.file("files/c1.json"))).toEqual({ "/opt/a.py": "c1" });
    expect(JSON.parse(stack.file("files/c2.json"))).toEqual({ "/opt/a.py": "c2" });
  });

  it("refuses an empty file that would travel inline, as the provider would at apply", () => {
    stack = Synthesized.of((scope) => {
      const files = new ContainerFiles(scope, "c1", []);
      expect(() => files.uploads([{ path: "/a", content: "" }], "npu-0")).toThrow("file /a of npu-0");
    });
  });
});
