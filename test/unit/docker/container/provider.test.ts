import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { dockerProvider } from "../../../../lib/docker/container/provider";
import { Synthesized } from "../../../support/synth";

describe("dockerProvider", () => {
  it("returns one provider per daemon and stack, the default one without an alias", () => {
    const stack = Synthesized.of((scope) => {
      const byDefault = dockerProvider(scope, undefined);
      const named = dockerProvider(scope, "ssh://ops@10.0.0.7:22");
      expect(dockerProvider(scope, undefined)).toBe(byDefault);
      expect(dockerProvider(scope, "ssh://ops@10.0.0.7:22")).toBe(named);
      expect(named).not.toBe(byDefault);
    });
    expect(stack.json.provider.docker).toEqual([
      {},
      { alias: "ssh-ops-10-0-0-7-22", host: "ssh://ops@10.0.0.7:22" },
    ]);
    stack.remove();
  });

  it("returns the default provider of the user's stack", () => {
    const stack = Synthesized.of((scope) => {
      const own = new DockerProvider(scope, "mine", { host: "unix:///run/docker.sock" });
      expect(dockerProvider(scope, undefined)).toBe(own);
    });
    expect(stack.json.provider.docker).toEqual([{ host: "unix:///run/docker.sock" }]);
    expect(stack.json.terraform.required_providers.docker.version).toBe(">= 4.0.0, < 5.0.0");
    stack.remove();
  });
});
