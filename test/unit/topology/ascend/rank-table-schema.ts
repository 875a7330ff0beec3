/**
 * The schema of a rank table, written from HCCL's documentation alone
 * (mirror-cann/hccl `docs/zh/user_guide/cluster_info_config/rank_table_config_{a2,a3}.md`, November 2026) and not
 * from what this project writes: every key that a level may have, whether it must be there, and its form.
 */
interface Field {
  readonly required: boolean;
  readonly form: RegExp | ((value: unknown) => readonly string[]);
}

interface Shape {
  readonly [key: string]: Field;
}

const IPV4 = /^(\d{1,3}\.){3}\d{1,3}$/;
const ADDRESS = /^((\d{1,3}\.){3}\d{1,3}|[0-9a-f:]+)$/;
const PORT = /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;
const NUMBER = /^\d+$/;

const must = (form: Field["form"]): Field => ({ required: true, form });
const may = (form: Field["form"]): Field => ({ required: false, form });
const list = (shape: Shape) => (value: unknown) =>
  Array.isArray(value) && value.length > 0
    ? value.flatMap((item, index) => check(item, shape).map((text) => `[${index}]${text}`))
    : [" is no list with entries"];

const device10: Shape = {
  device_id: must(NUMBER),
  // Several servers: required.
  device_ip: must(ADDRESS),
  device_port: may(PORT),
  host_port: may(PORT),
  rank_id: must(NUMBER),
};

const version10: Shape = {
  status: must(/^(completed|initializing)$/),
  version: must(/^1\.0$/),
  server_count: must(NUMBER),
  server_list: must(list({ server_id: must(/^.{1,64}$/), host_ip: may(IPV4), device: must(list(device10)) })),
};

const device12: Shape = {
  device_id: must(NUMBER),
  // "May be left out: then the mode without super pods is taken", which is not what version 1.2 is for.
  super_device_id: must(/^.+$/),
  device_ip: may(ADDRESS),
  device_port: may(PORT),
  backup_device_ip: may(ADDRESS),
  backup_device_port: may(PORT),
  host_port: may(PORT),
  rank_id: must(NUMBER),
};

const version12: Shape = {
  status: must(/^(completed|initializing)$/),
  version: must(/^1\.2$/),
  server_count: may(NUMBER),
  server_list: must(list({ server_id: must(/^.{1,64}$/), host_ip: may(IPV4), device: must(list(device12)) })),
  super_pod_list: must(
    list({ super_pod_id: must(/^.+$/), server_list: must(list({ server_id: must(/^.{1,64}$/) })) }),
  ),
};

/** What in `value` the documentation does not allow, one line each. */
export function schemaProblems(value: unknown): readonly string[] {
  const version = (value as { version?: unknown }).version;
  return check(value, version === "1.2" ? version12 : version10);
}

function check(value: unknown, shape: Shape): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [" is no object"];
  }
  const found = value as { readonly [key: string]: unknown };
  const unknown = Object.keys(found)
    .filter((key) => !(key in shape))
    .map((key) => `.${key} is not in the documentation`);
  return [
    ...unknown,
    ...Object.entries(shape).flatMap(([key, { required, form }]) => {
      const item = found[key];
      if (item === undefined) {
        return required ? [`.${key} is missing`] : [];
      }
      if (typeof form === "function") {
        return form(item).map((text) => `.${key}${text}`);
      }
      // "All values are strings": a number would be taken for a missing value.
      return typeof item === "string" && form.test(item) ? [] : [`.${key} is ${JSON.stringify(item)}`];
    }),
  ];
}
