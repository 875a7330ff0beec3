import { cannDrivers, oldestDriverOfCann } from "../../../lib/catalog/cann-drivers";
import { allEngineReleases } from "../../../lib/catalog/engine-releases";

it.each([
  ["8.3.rc1", "25.3"],
  ["8.3.RC2", "25.3"],
  ["8.5.1", "25.5"],
  ["9.1.0-beta.1", "25.5"],
  ["7.0.0", undefined],
  ["", undefined],
])("oldestDriverOfCann of %s is %s", (cann, expected) => {
  expect(oldestDriverOfCann(cann)).toBe(expected);
});

it("every CANN of a known image has a driver", () => {
  const versions = allEngineReleases().flatMap(({ cann }) => cann ?? []);
  expect(versions.length).toBeGreaterThan(10);
  expect(versions.filter((cann) => oldestDriverOfCann(cann) === undefined)).toEqual([]);
});

it("a newer CANN does not want an older driver", () => {
  const drivers = cannDrivers().map(({ driver }) => Number(driver));
  expect(drivers).toEqual([...drivers].sort((a, b) => a - b));
});
