import type { Dependency, ProgramDefinition } from './definition';
import type { DefinitionError } from './errors';
import { didYouMean } from './groups';
import { fullNamesOf, processNamesOf, processesOf } from './processes';
import { isProgramName } from './read-program';

type Programs = ReadonlyMap<string, ProgramDefinition>;

/** What is wrong between programs: names of processes that come twice, unknown dependencies, conditions that can never hold, cycles. */
export function crossErrors(programs: Programs): readonly DefinitionError[] {
  return [...nameErrors(programs), ...listenErrors(programs), ...[...programs.values()].flatMap((program) => dependencyErrors(program, programs)), ...cycleErrors(programs)];
}

/** The programs that a dependency is on; several for a group. */
export function targetsOf({ target }: Dependency, programs: Programs): readonly ProgramDefinition[] {
  const [name = '', process] = target.split(':');
  const alone = programs.get(name);
  if (process === undefined) return alone === undefined ? [] : [alone];
  return [...programs.values()].filter((each) => each.group === name && (process === '*' || processNamesOf(each).includes(process)));
}

/** Of two processes of one name the program that comes first has it. */
function nameErrors(programs: Programs): readonly DefinitionError[] {
  const takenBy = new Map<string, ProgramDefinition>();
  return [...programs.values()].flatMap((program): readonly DefinitionError[] => {
    const odd = processNamesOf(program).find((name) => !isProgramName(name));
    if (odd !== undefined) {
      const message = `program.${program.name}: process_name: ${JSON.stringify(odd)} is no name of a process: letters, digits, and . _ - after the first are`;
      return [{ code: 'bad-value', place: program.source, message, program: program.name }];
    }
    const names = fullNamesOf(program);
    const taken = names.find((name) => takenBy.has(name));
    for (const name of names) if (!takenBy.has(name)) takenBy.set(name, program);
    if (taken === undefined) return [];
    const message = `program.${program.name}: its process ${JSON.stringify(taken)} is one of ${takenBy.get(taken)?.name ?? ''} already`;
    return [{ code: 'duplicate', place: program.source, message, program: program.name }];
  });
}

/** Of two processes at one address the program that comes first has it. */
function listenErrors(programs: Programs): readonly DefinitionError[] {
  const takenBy = new Map<string, string>();
  return [...programs.values()].filter(({ listen }) => listen.length > 0).flatMap((program) => {
    for (const { fullName, listen } of processesOf(program)) {
      for (const { name, address } of listen) {
        const taken = takenBy.get(address);
        if (taken !== undefined) return [{ code: 'duplicate' as const, place: program.source, message: `program.${program.name}: listen: ${name}: ${address} is ${taken === fullName ? 'there twice' : `that of ${taken}`} already`, program: program.name }];
        takenBy.set(address, fullName);
      }
    }
    return [];
  });
}

function dependencyErrors(program: ProgramDefinition, programs: Programs): readonly DefinitionError[] {
  return program.dependsOn.flatMap((dependency): readonly DefinitionError[] => {
    const targets = targetsOf(dependency, programs);
    const error = (code: DefinitionError['code'], message: string): DefinitionError => ({ code, place: program.source, message: `program.${program.name}: depends_on: ${message}`, program: program.name });
    if (targets.length === 0) {
      const { target } = dependency;
      return [error('unknown-program', `there is no ${target.includes(':') ? '' : 'program '}${JSON.stringify(target)}${didYouMean(target, [...programs.keys()])}`)];
    }
    const never = targets.map((target) => neverHolds(dependency, target)).find((why) => why !== undefined);
    return never === undefined ? [] : [error('contradiction', never)];
  });
}

/** Why a condition can never hold. */
function neverHolds({ condition }: Dependency, { name, health, autorestart }: ProgramDefinition): string | undefined {
  if (condition === 'healthy' && health === undefined) return `${name} has no health check, so it is never healthy`;
  if (condition === 'completed' && autorestart === 'always') return `${name} is started again at each end (autorestart), so it is never completed`;
  return undefined;
}

/** Each cycle once, as the program sees it that is first by its name; all that are in it are wrong. */
function cycleErrors(programs: Programs): readonly DefinitionError[] {
  const done = new Set<string>();
  const errors: DefinitionError[] = [];
  const visit = (program: ProgramDefinition, path: readonly string[]): void => {
    const at = path.indexOf(program.name);
    if (at >= 0) {
      errors.push(...cycleOf([...path.slice(at), program.name], programs));
      return;
    }
    if (done.has(program.name)) return;
    for (const dependency of program.dependsOn) for (const target of targetsOf(dependency, programs)) visit(target, [...path, program.name]);
    done.add(program.name);
  };
  for (const name of [...programs.keys()].sort()) {
    const program = programs.get(name);
    if (program !== undefined) visit(program, []);
  }
  return errors;
}

/** The same words for each, so that whoever looks at one of the files finds them. */
function cycleOf(names: readonly string[], programs: Programs): readonly DefinitionError[] {
  return names.slice(1).flatMap((name): readonly DefinitionError[] => {
    const program = programs.get(name);
    if (program === undefined) return [];
    return [{ code: 'cycle', place: program.source, message: `program.${name}: depends_on: a cycle: ${names.join(' -> ')}`, program: name }];
  });
}
