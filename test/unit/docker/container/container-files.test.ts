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

  it("puts shared files into a bundle that is named by path and hash", () => {
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
      const bundle = `${JSON.stringify({ [PROGRAM.path]: PROGRAM.content })}\n`;
      expect(uploads[1].sourceHash).toBe(createHash("sha256").update(bundle).digest("hex"));
    });
    expect(JSON.parse(stack.file("files/c1.json"))).toEqual({ [PROGRAM.path]: PROGRAM.content });
    expect(stack.file("files/unpack_files.py")).toContain("def unpack(");
  });

  it("uploads node.json inline and escaped, even when all containers have the same", () => {
    stack = Synthesized.of((scope) => {
      const files = new ContainerFiles(scope, "c1", [{ files: [config("0")] }, { files: [config("0")] }]);
      expect(files.uploads([config("0")], "npu-0").slice(2)).toEqual([
        { file: "/etc/ray-cluster/node.json", content: '{"node": "0", "a": "$${b}"}' },
      ]);
    });
    expect(JSON.parse(stack.file("files/c1.json"))).toEqual({});
  });

  it("keeps the workload of one container out of the bundle of all", () => {
    stack = Synthesized.of((scope) => {
      const workload = { path: "/etc/ray-cluster/workload.json", content: "{}" };
      const files = new ContainerFiles(scope, "c1", [{ files: [config("0")] }, { files: [workload] }]);
      expect(files.uploads([workload], "gate").slice(2)).toEqual([
        { file: "/etc/ray-cluster/workload.json", content: "{}" },
      ]);
      expect(files.uploads([config("0")], "npu-0")).toHaveLength(3);
    });
    expect(JSON.parse(stack.file("files/c1.json"))).toEqual({});
  });

  it("writes one bundle for each cluster of a stack", () => {
    stack = Synthesized.of((scope) => {
      for (const cluster of ["c1", "c2"]) {
        new ContainerFiles(scope, cluster, [{ files: [{ path: "/opt/a.py", content: cluster }] }]);
      }
    });
    expect(JSON.parse(stack.file("files/c1.json"))).toEqual({ "/opt/a.py": "c1" });
    expect(JSON.parse(stack.file("files/c2.json"))).toEqual({ "/opt/a.py": "c2" });
  });

  it("refuses an empty inline file at synth", () => {
    stack = Synthesized.of((scope) => {
      const files = new ContainerFiles(scope, "c1", []);
      expect(() => files.uploads([{ path: "/a", content: "" }], "npu-0")).toThrow("file /a of npu-0");
    });
  });
});
