import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';


import { lastErrorMessage } from '../../../../src/runtime/oci/runtime-log';
import { fc } from '../../../support/property';
import { useScratch } from '../scratch';

const error = (msg: string): string => JSON.stringify({ level: 'error', msg, time: '2016-04-13T00:00:00Z' });

describe('lastErrorMessage', () => {
  const scratch = useScratch();
  const path = (): string => join(scratch(), 'log.json');
  const messageOf = (content: string | Buffer): string | undefined => {
    writeFileSync(path(), content);
    return lastErrorMessage(path());
  };

  test('the last error counts, unchanged', () => {
    const text = 'container_linux.go:380: starting container process caused: exec: "nosuch": executable file not found in $PATH';
    expect(messageOf(`${error('first')}\n${error(text)}\n{"level":"warning","msg":"later"}\n`)).toBe(text);
    expect(messageOf(error('no end of line'))).toBe('no end of line');
    expect(messageOf('{"level":"fatal","msg":"f"}\n')).toBe('f');
  });

  test('objects need no line of their own', () => {
    for (const text of ['b}{c', 'b}{', 'b}{"level":"error"}']) expect(messageOf(`${error('a')}${error(text)}`)).toBe(text);
  });

  test('garbage around it does not matter', () => {
    expect(messageOf(`\0\0\0\n[]\nnull\n${error('it')}\n{"level":"error","msg":7}\n{"level":"error"}\n{"level":"err`)).toBe('it');
  });

  test('no error, no message', () => {
    for (const content of ['', '\n', 'panic: goroutine 1', '{"level":"info","msg":"x"}']) expect(messageOf(content)).toBeUndefined();
  });

  test('a log without end is read from its end', () => {
    const noise = `${JSON.stringify({ level: 'debug', msg: 'x'.repeat(1000) })}\n`.repeat(20_000);
    expect(messageOf(`${error('long ago')}\n${noise}${error('just now')}\n`)).toBe('just now');
    expect(messageOf(`${error('long ago')}\n${noise}`)).toBeUndefined();
  });

  test('no log, no message', () => {
    expect(lastErrorMessage(path())).toBeUndefined();
    mkdirSync(path());
    expect(lastErrorMessage(path())).toBeUndefined();
  });

  test('any bytes before and after leave the error where it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (before, after) => {
        expect(messageOf(Buffer.concat([before, Buffer.from(`\n${error('it')}\n`), after]))).toBe('it');
      }),
    );
  });
});
