/**
 * The emulated account refuses what AWS refuses: a file system whose group has no rules, a name that is taken, a
 * reservation that does not fit, a quota, an address in use, a key without a grant, what a machine's role does not allow;
 * launches without a machine are tried again.
 */
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { MOTO, MOTO_PYTHON } from "./support/aws-region";
import { run } from "./support/command";
import { REPOSITORY } from "./support/project";

const FOLDER = join(REPOSITORY, "test", "e2e", "aws", "tests");

describeWith([MOTO], "an account of the emulated region", () => {
  const groups = ["FileSystems", "Names", "Reservations", "Launches", "Groups"];
  it.each([...groups.map((name) => `test_strictness.${name}`), "test_roles"])(
    "refuses as AWS does: %s",
    async (name) => {
      const command = ["-m", "unittest", name];
      const environment = { ...process.env, PYTHONPATH: FOLDER, PYTHONDONTWRITEBYTECODE: "1" };
      const { output, exitCode } = await run(MOTO_PYTHON, command, { timeoutSeconds: 240, environment });
      expect(output).toMatch(/Ran [1-9]\d* tests? in [^]*\nOK/);
      expect(exitCode).toBe(0);
    },
    250_000,
  );
});
