import { COMMAND_LINE } from '../../../../src/agent/definitions/command-line';
import { type DefinitionFile, readDefinitionFile, unreadableFile } from '../../../../src/agent/definitions/read-file';
import { type DefinitionSet, bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';
import { changesBetween } from '../../../../src/agent/definitions/changes';

const web = (more = ''): DefinitionFile => readDefinitionFile('/p/web.toml', `[program.web]\ncommand = "web 1"\n${more}`);
const db = (more = ''): DefinitionFile => readDefinitionFile('/p/db.toml', `[program.db]\ncommand = "db 1"\n${more}\n[program.side]\ncommand = "side 1"`);

/** Name and command of each. */
function shown({ programs }: DefinitionSet): readonly string[] {
  return [...programs.values()].map(({ name, command, dependsOn }) => [name, ...command, ...dependsOn.map(({ target }) => `after ${target}`)].join(' '));
}

const good = bringTogether(noDefinitions, [web(), db()]);

test('what is good counts, by name', () => {
  expect(shown(good)).toEqual(['db db 1', 'side side 1', 'web web 1']);
  expect(good.errors).toEqual([]);
});

test('a broken file keeps the last good definitions of its programs, and harms no other', () => {
  for (const broken of [readDefinitionFile('/p/db.toml', '[program.db'), unreadableFile('/p/db.toml', 'cannot be read: EACCES')]) {
    const now = bringTogether(good, [readDefinitionFile('/p/web.toml', '[program.web]\ncommand = "web 2"'), broken]);
    expect(shown(now)).toEqual(['db db 1', 'side side 1', 'web web 2']);
    expect(now.errors).toHaveLength(1);
  }
});

test('a broken program keeps its own, and the rest of its file counts', () => {
  const now = bringTogether(good, [web(), readDefinitionFile('/p/db.toml', '[program.db]\ncommand = "db 2"\nusr = "x"\n[program.side]\ncommand = "side 2"\n[program.new]\ncommand = "new"')]);
  expect(shown(now)).toEqual(['db db 1', 'new new', 'side side 2', 'web web 1']);
});

test('one of a command line stays until a file has its name, and others may depend on it', () => {
  const before = bringTogether(noDefinitions, [readDefinitionFile(COMMAND_LINE, '[program.run]\ncommand = "run 1"'), web()]);
  const now = bringTogether(before, [web('depends_on = ["run"]')]);
  expect(shown(now)).toEqual(['run run 1', 'web web 1 after run']);
  expect(now.errors).toEqual([]);
  const taken = bringTogether(now, [readDefinitionFile('/p/run.toml', '[program.run]\ncommand = "run 2"')]);
  expect(shown(taken)).toEqual(['run run 2']);
  expect(shown(bringTogether(taken, []))).toEqual([]);
});

test('a cycle keeps what was before of all that are in it', () => {
  const now = bringTogether(good, [web('depends_on = ["db"]'), db('depends_on = ["web"]')]);
  expect(shown(now)).toEqual(['db db 1', 'side side 1', 'web web 1']);
  expect(now.errors.map(({ code, program }) => [code, program])).toEqual([['cycle', 'db'], ['cycle', 'web']]);
});

test('a program that is broken from the start is not there, and one that no file names any more is gone', () => {
  expect(shown(bringTogether(noDefinitions, [web('usr = "x"'), db()]))).toEqual(['db db 1', 'side side 1']);
  expect(shown(bringTogether(good, [web()]))).toEqual(['web web 1']);
  expect(shown(bringTogether(good, []))).toEqual([]);
});

test('of a name that is there twice the first file counts', () => {
  const now = bringTogether(good, [db(), web(), readDefinitionFile('/p/web2.toml', '[program.web]\ncommand = "web 2"')]);
  expect(shown(now)).toEqual(['db db 1', 'side side 1', 'web web 1']);
  expect(now.errors).toMatchObject([{ code: 'duplicate', place: { file: '/p/web2.toml', line: 1 } }]);
});

test('a program that moves into a file which was broken before is not there twice', () => {
  const broken = bringTogether(good, [web(), readDefinitionFile('/p/db.toml', '[')]);
  const now = bringTogether(broken, [readDefinitionFile('/p/a.toml', '[program.db]\ncommand = "db 2"'), web(), readDefinitionFile('/p/db.toml', '[')]);
  expect(shown(now)).toEqual(['db db 2', 'side side 1', 'web web 1']);
});

test('what is other in a newer definition', () => {
  const of = (more: string): ReturnType<typeof bringTogether> => bringTogether(noDefinitions, [web(more)]);
  const changes = (before: string, after: string): unknown => {
    const [a, b] = [of(before).programs.get('web'), of(after).programs.get('web')];
    return a && b && changesBetween(a, b);
  };
  expect(changes('', '')).toEqual({ live: [], restart: [] });
  expect(changes('startsecs = 1', 'startsecs = "1s"')).toEqual({ live: [], restart: [] });
  expect(changes('', 'limits = { memory = "1m", nofile = 3 }')).toEqual({ live: ['limits.memory'], restart: ['limits.nofile'] });
  expect(changes('environment = { A = "1" }', 'environment = { A = "2" }\nautostart = false')).toEqual({ live: ['autostart'], restart: ['environment'] });
  expect(changes('secrets = { A = "/a" }', 'secrets = { A = "/b" }')).toEqual({ live: [], restart: ['secrets'] });
});
