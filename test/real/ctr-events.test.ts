import type { Program } from './support/program';
import { Side } from './support/side';
import { describeReal, SideBySide } from './support/side-by-side';
import { until } from '../support/until';

describeReal('ctr: events', () => {
  const sides = new SideBySide((name) => new Side(name));
  const same = sides.same.bind(sides);

  same('of a life with execs, pause, failure, and of containers and namespaces', async (side) => {
    const events = await follow(side);
    await side.ctr('namespaces', 'create', 'ev', 'a=b');
    await side.ctr('namespaces', 'rm', 'ev');
    await side.run(['-d', '--null-io'], 'e1', '/bin/sh', '-c', 'trap "exit 3" TERM; while :; do sleep 0.1; done');
    await side.ctr('containers', 'label', 'e1', 'x=y');
    await side.ctr('task', 'exec', '--exec-id', 'x1', 'e1', '/bin/sh', '-c', 'exit 4');
    await side.ctr('task', 'pause', 'e1');
    await side.ctr('task', 'resume', 'e1');
    await side.ctr('task', 'kill', 'e1');
    await side.untilTask('e1', 'STOPPED');
    await side.ctr('task', 'rm', 'e1');
    await side.ctr('containers', 'rm', 'e1');
    await events.until((said) => /containers\/delete.*"e1"/.test(said), 'the last event');
    noteEvents(side, events);
  });

  same('of a start that fails', async (side) => {
    const events = await follow(side);
    await side.run(['--rm', '--null-io'], 'e2', '/bin/nonesuch');
    await side.run(['--null-io', '-d'], 'e3', '/bin/sleep', '1000');
    await side.ctr('task', 'exec', '--exec-id', 'x2', 'e3', '/bin/nonesuch');
    await side.ctr('task', 'rm', '--force', 'e3');
    await side.ctr('containers', 'rm', 'e3');
    await events.until((said) => /containers\/delete.*"e3"/.test(said), 'the last event');
    noteEvents(side, events);
  });

  same('by filters', async (side) => {
    const all = await follow(side);
    const filtered = [
      { events: await follow(side, `namespace==${side.place.namespace},topic~=|^/tasks/|`), last: /tasks\/delete/ },
      { events: await follow(side, 'topic=="/tasks/exit"', 'topic=="/containers/create"'), last: /tasks\/exit/ },
      { events: await follow(side, 'event.container_id==e4'), last: /tasks\/delete/ },
      { events: all, last: /containers\/delete/ },
    ];
    await side.run(['-d', '--null-io'], 'e4', '/bin/true');
    await side.untilTask('e4', 'STOPPED');
    await side.ctr('task', 'rm', 'e4');
    await side.ctr('containers', 'rm', 'e4');
    for (const { events, last } of filtered) {
      await events.until((said) => last.test(said), 'the last event');
      noteEvents(side, events);
    }
    // A slash begins a regular expression, and that is no value here.
    await side.ctr('events', 'topic==/tasks/exit');
    await side.ctr('events', 'topic=');
  });

  same('of a container out of memory', async (side) => {
    const events = await follow(side);
    const hungry = await side.run(['--memory-limit', '16777216'], 'e5', '/bin/sh', '-c', 'x=0123456789abcdef; while :; do x=$x$x; done');
    expect(hungry.code).toBe(137);
    await events.until((said) => /\/tasks\/delete.*"e5"/.test(said), 'its end');
    const topics = events.stdout.split('\n').flatMap((line) => /\/tasks\/\w+/.exec(line) ?? []);
    side.note([...new Set(topics)].join(' '));
    expect(topics.indexOf('/tasks/oom')).toBeLessThan(topics.indexOf('/tasks/exit'));
    events.kill();
    await side.ctr('containers', 'rm', 'e5');
  });
});

/** ctr does not say when it listens: something is made to happen until it hears of it. */
async function follow(side: Side, ...filters: readonly string[]): Promise<Program> {
  const events = side.ctrBeside('events', ...filters, ...(filters.length === 0 ? [] : ['topic=="/namespaces/update"']));
  side.place.atEnd(() => {
    events.kill();
  });
  let ticks = 0;
  await until('the first event', async () => {
    ticks += 1;
    await side.quietly({}, 'namespaces', 'label', side.place.namespace, `tick=${String(ticks)}`);
    return events.stdout;
  }, (said) => said !== '');
  return events;
}

/** Ends the listener and writes down what it heard, without the events that it was called by. */
function noteEvents(side: Side, events: Program): void {
  events.kill();
  const lines = events.stdout.split('\n').filter((line) => line !== '' && !line.includes('"tick"'));
  side.note(lines.join('\n'));
}
