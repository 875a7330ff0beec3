/** `--name value`, or nothing where there is no value. */
export function option(flag: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [flag, String(value)];
}

/** `--name` where it is on. */
export function toggle(flag: string, on: boolean | undefined): readonly string[] {
  return on === true ? [flag] : [];
}
