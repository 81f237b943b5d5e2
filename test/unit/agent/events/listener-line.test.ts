import { rmSync, writeFileSync } from 'node:fs';
import { ListenerLine, type LineOwner, type LineState } from '../../../../src/agent/events/listener-line';
import { Scratch, countDescriptors, pollerWithErrors } from '../../sys/resources';

const ready: LineState = { generation: 1, phase: 'acknowledged', eventId: 0, isHearing: false };

describe('the line to a listener', () => {
  let scratch: Scratch;
  let context: ReturnType<typeof pollerWithErrors>;
  let before: number;
  let lost: string[];
  let refuses: boolean;
  let onLost: () => void;
  const owner: LineOwner = {
    isReady: () => undefined,
    answered: () => undefined,
    saidNonsense: () => undefined,
    isLost: (why) => { lost.push(why); onLost(); },
    store: () => { if (refuses) throw new Error('database or disk is full'); },
  };
  const paths = (): { readonly stdin: string; readonly stdout: string } => ({ stdin: scratch.file('in'), stdout: scratch.file('out') });

  beforeEach(async () => {
    scratch = new Scratch();
    context = pollerWithErrors();
    context.poller.ref();
    before = await countDescriptors();
    lost = [];
    refuses = false;
    onLost = () => undefined;
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
});
