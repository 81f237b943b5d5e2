import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';
import { type InUse, nothingDue, parseInUse, printInUse } from '../../../../src/agent/update/in-use';
import { groupChanges, plansOf } from '../../../../src/agent/update/plan';
import { resourcesBetween } from '../../../../src/agent/update/resources-between';

const programsOf = (toml: string) => bringTogether(noDefinitions, [readDefinitionFile('/p/a.toml', toml)]).programs;
const inUse = (toml: string, scale?: number): ReadonlyMap<string, InUse> =>
  new Map([...programsOf(toml)].map(([name, definition]) => [name, { definition, scale, due: nothingDue }]));

test('what is written down is read again as the same', () => {
  const [web] = inUse('[group.g]\nprograms = ["web"]\npriority = 7\n[program.web]\ncommand = "a ${process_num}"\nnumprocs = 2\nlimits.memory = "1g"\nenvironment = { A = "${B}" }', 3).values();
  if (web === undefined) throw new Error('no program');
  const whole = { ...web, due: { isGone: false, gone: ['g:web_02'], restart: new Map([['g:web_00', 4]]), resources: '{}', start: ['g:web_01'] } };
  const { definition, ...rest } = parseInUse('web', printInUse(whole));
  expect(rest).toEqual({ scale: 3, due: whole.due });
  expect(JSON.stringify(definition)).toBe(JSON.stringify(web.definition));
  expect(definition.settingsOf(new Map([['process_num', '5']])).command).toEqual(['a', '5']);
});

test.each(['', '[]', '{"table":1}', '{"isListener":false,"table":{},"group":"g","groupPriority":1,"source":{"file":"f","line":1,"column":1},"due":{"isGone":false,"gone":[],"restart":{},"start":[]}}'])(
  'what cannot be read is an error: %s', (text) => {
    expect(() => parseInUse('web', text)).toThrow();
  });

test('a program that is defined otherwise only in the place of its file is the same', () => {
  expect(plansOf(inUse('[program.web]\ncommand = "a"'), programsOf('\n\n[program.web]\ncommand = ["a"]'))).toEqual([]);
});

test('processes go, come and stay by their names', () => {
  const [plan] = plansOf(inUse('[program.web]\ncommand = "a"\nnumprocs = 3'), programsOf('[program.web]\ncommand = "a"\nnumprocs = 3\nnumprocs_start = 1\nautorestart = true'));
  expect(plan).toMatchObject({ removed: ['web:web_00'], kept: ['web:web_01', 'web:web_02'], added: ['web:web_03'], restart: [], live: ['autorestart'] });
});

test('a scale holds while numprocs is the same, and no longer', () => {
  const scaled = inUse('[program.web]\ncommand = "a"', 3);
  expect(plansOf(scaled, programsOf('[program.web]\ncommand = "b"'))[0]).toMatchObject({ kept: ['web', 'web:web_01', 'web:web_02'], scale: 3 });
  expect(plansOf(scaled, programsOf('[program.web]\ncommand = "a"\nnumprocs = 2'))[0]).toMatchObject({ removed: ['web', 'web:web_02'], added: ['web:web_00'], scale: undefined });
});

test('groups have changed where something in them has', () => {
  const before = inUse('[program.a]\ncommand = "a"\n[program.b]\ncommand = "b"\n[program.c]\ncommand = "c"');
  const after = programsOf('[group.g]\nprograms = ["a"]\n[program.a]\ncommand = "a"\n[program.b]\ncommand = "B"');
  expect(groupChanges(before, after)).toEqual([
    { group: 'a', is: 'disappeared' }, { group: 'b', is: 'changed' }, { group: 'c', is: 'disappeared' }, { group: 'g', is: 'available' },
  ]);
});

test.each([
  ['memory = "1m"', 'memory = "2m"', { memory: { limit: 2 << 20 } }],
  ['memory = "1m"', '', { memory: { limit: -1 } }],
  ['memory = "1m"\nswap = "1m"', '', { memory: { limit: -1, swap: -1 } }],
  ['memory = "1m"\nswap = "1m"', 'memory = "1m"\nswap = "3m"', { memory: { limit: 1 << 20, swap: 4 << 20 } }],
  ['cpus = 1\npids = 5', 'pids = 5', { cpu: { quota: -1 } }],
  ['cpus = 1', 'cpus = 0.5', { cpu: { quota: 50_000, period: 100_000 } }],
  ['pids = 5\nmemory_high = "1m"', '', { pids: { limit: -1 }, unified: { 'memory.high': 'max' } }],
])('limits %j to %j', (before, after, resources) => {
  const limits = (text: string) => [...programsOf(`[program.web]\ncommand = "a"\n[program.web.limits]\n${text}`).values()].map((each) => each.limits);
  const [[old], [now]] = [limits(before), limits(after)];
  if (old === undefined || now === undefined) throw new Error('no program');
  expect(JSON.parse(resourcesBetween(old, now) ?? '')).toEqual(resources);
  expect(resourcesBetween(old, old)).toBeUndefined();
});
