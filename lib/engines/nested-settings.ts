/** Nested settings by name. */
export interface SettingGroup {
  readonly [name: string]: unknown;
}

/**
 * Settings with dotted keys (`a.b: 1`) as groups (`{ a: { b: 1 } }`). Later layers override earlier ones; groups
 * are merged, everything else is replaced.
 */
export function nestedSettings(layers: readonly SettingGroup[]): SettingGroup {
  return layers
    .flatMap((layer) => Object.entries(layer))
    .reduce<SettingGroup>((joined, [key, value]) => join(joined, grouped(key.split("."), value)), {});
}

function grouped(names: readonly string[], value: unknown): SettingGroup {
  const [name, ...rest] = names;
  return { [name]: rest.length === 0 ? value : grouped(rest, value) };
}

function join(one: SettingGroup, other: SettingGroup): SettingGroup {
  const joined = Object.entries(other).map(([name, value]): [string, unknown] => {
    const present = one[name];
    return [name, isGroup(present) && isGroup(value) ? join(present, value) : value];
  });
  return { ...one, ...Object.fromEntries(joined) };
}

function isGroup(value: unknown): value is SettingGroup {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
