import fc from 'fast-check';
import { ListenerSpeech, type Said, frameOf } from '../../../../src/agent/events/listener-protocol';

/** A whole session, in pieces: an event is sent as soon as it is ready for one. */
function hear(pieces: readonly Buffer[], mayBeLate = false): readonly Said[] {
  const speech = new ListenerSpeech('acknowledged');
  return pieces.flatMap((piece) => {
    const heard: Said[] = [];
    for (const said of speech.take(piece, mayBeLate)) {
      heard.push(said);
      if (said.is === 'ready') speech.phase = 'busy';
    }
    return heard;
  });
}

const session = 'READY\nRESULT 2\nOKREADY\nRESULT 4\nFAILREADY\nRESULT 0\nREADY\nRESULT 7\nOK\nOK\nO';

test('what a listener says is the same, however it is cut into pieces', () => {
  const whole = hear([Buffer.from(session)]);
  expect(whole.map((said) => (said.is === 'answer' ? said.answer : said.is))).toEqual(['ready', 'ok', 'ready', 'fail', 'ready', 'fail', 'ready', 'fail']);
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 9 })), (lengths) => {
    const pieces: Buffer[] = [];
    let at = 0;
    for (const length of [...lengths, session.length]) {
      pieces.push(Buffer.from(session.slice(at, at + length)));
      at += length;
    }
    expect(hear(pieces)).toEqual(whole);
  }));
});

test.each([
  ['hello\n', 'hello\n'],
  ['READY\nREADY\n', 'READY\n'],
  ['READY\nRESULT x\n', 'RESULT x\n'],
  ['READY\nRESULT 99999999999\n', 'RESULT 99999999999\n'],
  ['RESULT 2\nOK', 'RESULT 2\nOK'],
])('%j is no word of the protocol, and nothing is heard after it', (text, nonsense) => {
  const heard = hear([Buffer.from(text), Buffer.from('READY\n')]);
  expect(heard.at(-1)).toEqual({ is: 'nonsense', text: nonsense });
});

test('one that another daemon had before may be late with READY', () => {
  expect(hear([Buffer.from('READY\nREADY\nRESULT 2\nOK')], true).map(({ is }) => is)).toEqual(['ready', 'ready', 'answer']);
});

test('a line that has no end is not kept for ever', () => {
  const speech = new ListenerSpeech('busy');
  expect([...speech.take(Buffer.from(`RESULT ${'1'.repeat(1000)}`), false)].map(({ is }) => is)).toEqual(['nonsense']);
});

test('an event is a header of supervisord\'s, with the length in bytes, and its payload', () => {
  expect(frameOf({ server: 'holdfast', serial: 7, pool: 'ears', eventName: 'TICK_5' }, 'when:ü').toString()).toBe('ver:3.0 server:holdfast serial:7 pool:ears poolserial:7 eventname:TICK_5 len:7\nwhen:ü');
});
