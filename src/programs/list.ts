import { type ContainerKey, LEGACY_NAMESPACE, keyOf, nameOf } from '../runtime/state-dir/container-key';
import type { ContainerView } from '../supervisor/container';
import { noSuchProcess } from './errors';
import { PROGRAMS_NAMESPACE, clientNameOf, parseFullName, programKey } from './name';
import type { ProgramParts } from './parts';
import type { Program } from './program';

/** All programs, remembered or there, and the legacy API's containers, by name. @param everywhere those of all other namespaces, too */
export async function listPrograms(parts: ProgramParts, everywhere: boolean): Promise<Program[]> {
  await parts.definitions.settled();
  const views = new Map((await parts.supervisor.request('getContainers', { id: '' })).map((view) => [view.id, view]));
  const records = new Map(parts.definitions.list().map((record) => [programKey(record.name), record]));
  const keys = new Set([...records.keys(), ...(parts.managed?.names() ?? []).map(programKey), ...[...views.keys()].filter((key) => everywhere || isShown(key))]);
  const programs = [...keys].map((key): Program => {
    const { namespace, id } = nameOf(key);
    return {
      name: clientNameOf({ namespace, id }, keys.has(programKey(id))),
      key,
      record: records.get(key),
      view: views.get(key),
      managed: namespace === PROGRAMS_NAMESPACE ? parts.managed?.find(id) : undefined,
      stopDeadlineNs: parts.stops.get(key),
    };
  });
  return programs.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function isShown(key: ContainerKey): boolean {
  const { namespace } = nameOf(key);
  return namespace === PROGRAMS_NAMESPACE || namespace === LEGACY_NAMESPACE;
}

/** What a client's name means. @throws ProgramError `no-such-process`, `invalid-name` */
export async function findProgram(parts: ProgramParts, name: string): Promise<Program> {
  const program = await findProgramIfThere(parts, name);
  if (program === undefined) throw noSuchProcess(name);
  return program;
}

/** Undefined where nothing has the name. @throws ProgramError `invalid-name` */
export async function findProgramIfThere(parts: ProgramParts, name: string): Promise<Program | undefined> {
  const full = parseFullName(name);
  const keys = full === undefined ? [programKey(name), keyOf({ namespace: LEGACY_NAMESPACE, id: name })] : [keyOf(full)];
  for (const key of keys) {
    const { namespace, id } = nameOf(key);
    // First what runs, then what is written down: an end between the two is in both, or in the record alone.
    const view = await viewOf(parts, key);
    await parts.definitions.settled();
    const record = namespace === PROGRAMS_NAMESPACE ? parts.definitions.find(id) : undefined;
    const managed = namespace === PROGRAMS_NAMESPACE ? parts.managed?.find(id) : undefined;
    if (record !== undefined || view !== undefined || managed !== undefined) return { name, key, record, view, managed, stopDeadlineNs: parts.stops.get(key) };
  }
  return undefined;
}

/** Undefined where the core has no such container. */
export async function viewOf({ supervisor }: ProgramParts, key: ContainerKey): Promise<ContainerView | undefined> {
  // An empty key would mean all.
  if (key === '') return undefined;
  const [view] = await supervisor.request('getContainers', { id: key, ifThere: true });
  return view;
}
