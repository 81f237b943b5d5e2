import { createdFile, stdioTargets, type StdioNames } from '../../../../src/runtime/state-dir/stdio-target';

const targets = (names: Partial<StdioNames>, terminal = false) => stdioTargets({ stdin: '', stdout: '', stderr: '', ...names }, terminal);
const none = { kind: 'null' };

describe('where the stdio of a process goes', () => {
  test('nothing, paths, and FIFOs by their scheme', () => {
    expect(targets({})).toEqual({ stdin: none, stdout: none, stderr: none });
    expect(targets({ stdin: '/in', stdout: '/a%20b', stderr: 'fifo:///err' })).toEqual({
      stdin: { kind: 'path', path: '/in' }, stdout: { kind: 'path', path: '/a%20b' }, stderr: { kind: 'path', path: '/err' },
    });
    expect(targets({ stdout: '/out', stderr: '/err' }, true).stderr).toEqual(none);
  });

  test('a file that stdout names is stderr’s too; one that stderr names is its own', () => {
    const file = { kind: 'file', path: '/logs/a b' };
    for (const stderr of ['', '/err', 'file:///other', 'zz://x']) {
      expect(targets({ stdout: 'file:///logs/a%20b?x=y', stderr })).toEqual({ stdin: none, stdout: file, stderr: file });
    }
    expect(targets({ stdout: '/out', stderr: 'file:///logs/a%20b' })).toEqual({ stdin: none, stdout: { kind: 'path', path: '/out' }, stderr: file });
    expect(targets({ stdout: 'file:///logs/a%20b' }, true).stderr).toEqual(none);
  });

  test('a file that the agent has made is of one output alone', () => {
    const path = '/logs/a b?#%.log';
    expect(targets({ stdout: createdFile(path), stderr: '/err' })).toEqual({ stdin: none, stdout: { kind: 'file', path }, stderr: { kind: 'path', path: '/err' } });
    expect(targets({ stdout: createdFile(path), stderr: createdFile('/other') }).stderr).toEqual({ kind: 'file', path: '/other' });
  });

  test('a program reads both, with its arguments', () => {
    const logger = { kind: 'logger', path: '/bin/my logger', args: ['a', '1', 'b', '', 'c d', 'e=f'] };
    expect(targets({ stdout: 'binary:///bin/my%20logger?a=1&b&c%20d=e%3Df&a=2#part', stderr: '/x' })).toEqual({ stdin: none, stdout: logger, stderr: logger });
    expect(targets({ stdout: 'binary:///logger' }).stdout).toEqual({ kind: 'logger', path: '/logger', args: [] });
  });

  test.each([
    [{ stdout: 'zz://x' }, 'unknown STDIO scheme zz'],
    [{ stdin: 'binary:///x' }, 'stdin must be a FIFO: "binary:///x"'],
    [{ stdin: 'file:///x' }, 'stdin must be a FIFO: "file:///x"'],
    [{ stderr: 'binary:///x' }, 'stderr is read by a program only together with stdout: "binary:///x"'],
    [{ stdout: 'out' }, 'stdout must be an absolute path: "out"'],
    [{ stdout: 'file://out' }, 'stdout must be an absolute path: "file://out"'],
    [{ stdout: 'file:///a%zz' }, 'stdout holds an escape that means nothing: "file:///a%zz"'],
    [{ stdout: 'binary:///a%00' }, 'stdout holds a NUL byte: "binary:///a%00"'],
    [{ stderr: '/a\0b' }, 'stderr holds a NUL byte: "/a\\u0000b"'],
  ])('%j is refused', (names, message) => {
    expect(() => targets(names)).toThrow(message);
  });
});
