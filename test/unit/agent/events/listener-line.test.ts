import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { markUnsent } from '../../../../src/agent/events/listener-fifos';
import { ListenerLine, type LineOwner, type LineState } from '../../../../src/agent/events/listener-line';
import { mkfifo } from '../../../../src/sys/files/files';
import { Scratch, countDescriptors, pollerWithErrors } from '../../sys/resources';

const ready: LineState = { generation: 1, phase: 'acknowledged', eventId: 0, isHearing: false };

describe('the line to a listener', () => {
  let scratch: Scratch;
  let context: ReturnType<typeof pollerWithErrors>;
  let before: number;
  let lost: string[];
  let refuses: boolean;
  let onLost: () => void;
  let owner: LineOwner;
  const paths = (): { readonly stdin: string; readonly stdout: string } => ({ stdin: scratch.file('in'), stdout: scratch.file('out') });

  beforeEach(async () => {
    scratch = new Scratch();
    context = pollerWithErrors();
    context.poller.ref();
    before = await countDescriptors();
    lost = [];
    refuses = false;
    onLost = () => undefined;
    owner = {
      isReady: () => undefined,
      answered: () => undefined,
      saidNonsense: () => undefined,
      isLost: (why) => { lost.push(why); onLost(); },
      store: () => { if (refuses) throw new Error('database or disk is full'); },
    };
  });
  afterEach(async () => {
    expect(context.poller.size).toBe(0);
    expect(await countDescriptors()).toBe(before);
    expect(context.errors).toEqual([]);
    context.poller.close();
    scratch.remove();
  });

  test('is lost, and nobody else is disturbed, where it cannot be written down that it is sent something', () => {
    const line = new ListenerLine(context.poller, paths(), 1, owner, undefined);
    refuses = true;
    line.send(1, Buffer.from('an event'));
    expect(lost).toEqual(['that cannot be written down: database or disk is full']);
    line.close();
  });

  test('is lost once where what it says cannot be written down as heard', async () => {
    const line = new ListenerLine(context.poller, paths(), 1, owner, undefined);
    refuses = true;
    const gone = new Promise<void>((resolve) => { onLost = () => { line.close(); resolve(); }; });
    writeFileSync(paths().stdout, 'READY\n');
    await gone;
    expect(lost).toEqual(['that cannot be written down: database or disk is full']);
  });

  test('leaves nothing open where it cannot be had', () => {
    refuses = true;
    expect(() => new ListenerLine(context.poller, paths(), 1, owner, undefined)).toThrow('database or disk is full');
    rmSync(paths().stdout);
    expect(() => new ListenerLine(context.poller, paths(), 1, owner, ready)).toThrow('ENOENT');
  });

  describe('that a daemon had which was killed', () => {
    let isReady: number;
    let answers: [number, string][];
    let stored: LineState[];
    beforeEach(() => {
      [isReady, answers, stored] = [0, [], []];
      owner = {
        ...owner,
        isReady: () => { isReady += 1; },
        answered: (eventId, answer) => { answers.push([eventId, answer]); },
        store: (state) => { stored.push(state); },
      };
      new ListenerLine(context.poller, paths(), 1, owner, undefined).close();
    });

    /** What a listener writes is heard when the poller says so. */
    const says = async (line: ListenerLine, text: string, until: () => boolean): Promise<void> => {
      writeFileSync(paths().stdout, text);
      while (!until()) await new Promise((resolve) => { setImmediate(resolve); });
      expect(lost).toEqual([]);
      line.close();
    };
    const takenOver = (phase: LineState['phase']): ListenerLine => new ListenerLine(context.poller, paths(), 1, owner, { generation: 1, phase, eventId: 7, isHearing: false });

    test('before it sent an event is ready for it, and after it busy with it', () => {
      const line = new ListenerLine(context.poller, paths(), 1, owner, undefined);
      line.send(7, Buffer.from('an event'));
      line.close();
      const sent = takenOver('sending');
      expect([sent.busyWith, sent.isFree]).toEqual([7, false]);
      sent.close();
      const fd = openSync(paths().stdin, 'r+');
      markUnsent(fd);
      const unsent = takenOver('sending');
      expect([unsent.busyWith, unsent.isFree]).toEqual([undefined, true]);
      unsent.close();
      closeSync(fd);
    });

    test('between noting an answer and taking it is not answered by it once more', async () => {
      const line = new ListenerLine(context.poller, paths(), 1, owner, undefined);
      const keeper = openSync(paths().stdout, 'r+');
      line.close();
      writeFileSync(paths().stdout, 'RESULT 2\nOK');
      const next = takenOver('acknowledged');
      await says(next, 'READY\n', () => isReady > 0);
      expect(answers).toEqual([]);
      closeSync(keeper);
    });

    test('between noting that it is ready and taking that hears the answer behind it', async () => {
      const line = takenOver('ready');
      const keeper = openSync(paths().stdout, 'r+');
      writeFileSync(paths().stdout, 'READY\n');
      line.send(8, Buffer.from('an event'));
      await says(line, 'RESULT 2\nOK', () => answers.length > 0);
      expect(answers).toEqual([[8, 'ok']]);
      closeSync(keeper);
    });

    /** What was there to be heard before this has been. */
    const allHeard = async (): Promise<void> => {
      mkfifo(scratch.file('mark'), 0o600);
      const fd = openSync(scratch.file('mark'), 'r+');
      writeSync(fd, 'x');
      await new Promise<void>((resolve) => {
        const watch = context.poller.watch(fd, { in: true }, () => { watch.close(); resolve(); });
      });
      closeSync(fd);
    };

    test('amid a word hears all of it', async () => {
      const first = takenOver('busy');
      const keeper = openSync(paths().stdout, 'r+');
      writeFileSync(paths().stdout, 'RESULT 2\nO');
      await allHeard();
      first.close();
      expect(stored).not.toContainEqual(expect.objectContaining({ isHearing: true }));
      await says(takenOver('busy'), 'KREADY\n', () => isReady > 0);
      expect(answers).toEqual([[7, 'ok']]);
      closeSync(keeper);
    });

    test('hears a long word that comes in pieces, and notes before it takes a whole one', async () => {
      const line = takenOver('busy');
      writeFileSync(paths().stdout, `RESULT 9000\n${'x'.repeat(8000)}`);
      while (!stored.some(({ isHearing }) => isHearing)) await new Promise((resolve) => { setImmediate(resolve); });
      await says(line, `${'x'.repeat(1000)}READY\n`, () => isReady > 0);
      expect(answers).toEqual([[7, 'fail']]);
      expect(stored.at(-1)?.phase).toBe('ready');
    });
  });
});
