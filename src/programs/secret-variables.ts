import { isJsonObject, parseJson, printJson } from '../runtime/json';

/** Names the variables of a container whose values nobody is shown, with commas. */
const label = 'holdfast.secrets';
const HIDDEN = '********';

/** Says of which variables the values are secrets; nothing, where there are none. */
export function secretLabels(names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${label}=${names.join(',')}`];
}

/** What is shown of variables of a container with these labels, `NAME=value` each. */
export function shownVariables(env: readonly string[], labels: readonly string[]): readonly string[] {
  const names = secretsOf(labels);
  if (names.size === 0) return env;
  return env.map((variable) => {
    const name = variable.slice(0, Math.max(0, variable.indexOf('=')));
    return names.has(name) ? `${name}=${HIDDEN}` : variable;
  });
}

/** What is shown of a spec, as JSON, whose `process` has such variables. */
export function shownSpec(spec: string, labels: readonly string[]): string {
  if (spec === '' || secretsOf(labels).size === 0) return spec;
  const value = parseJson(spec);
  const process = isJsonObject(value) ? value['process'] : undefined;
  if (!isJsonObject(value) || !isJsonObject(process) || !Array.isArray(process['env'])) return spec;
  return printJson({ ...value, process: { ...process, env: shownVariables(process['env'].map(String), labels) } });
}

function secretsOf(labels: readonly string[]): ReadonlySet<string> {
  const lists = labels.filter((each) => each.startsWith(`${label}=`)).map((each) => each.slice(label.length + 1));
  return new Set(lists.flatMap((list) => list.split(',')));
}
