
import { decodeShimAnswer, decodeShimRequest, decodeShimResult, encodeShimMessage } from '../../../src/runtime/shim-messages';
import type { ShimAnswer, ShimRequest } from '../../../src/runtime/shim-protocol';
import { fc } from '../../support/property';
import { thrownBy } from './scratch';

const place = { dir: '/s/c1/init', id: 'c1', processId: 'init', bundle: '/b', runtime: '/usr/sbin/runc', ownPidNamespace: true };
const requests: ShimRequest[] = [
  { seq: 1, verb: 'hello', protocol: 1, version: '0.1.0' },
  { seq: 1, verb: 'hello', protocol: 1, version: '0.1.0', copyRuntimes: true },
  { seq: 2, verb: 'take', ...place },
  { seq: 3, verb: 'abort', dir: '/s/c1/init' },
  { seq: 4, verb: 'adopt', ...place, pid: 4711, starttime: '18446744073709551615' },
  { seq: 5, verb: 'adopt', ...place, pid: 4711, starttime: '5', terminal: { holderPid: 7, fd: 0 } },
  { seq: 6, verb: 'adopt', ...place, pid: 4711, starttime: '5', fifos: { stdin: { holderPid: 7, fd: 9, file: '0:5/12' }, stderr: { holderPid: 7, fd: 11, file: '0:5/13' } } },
  { seq: 6, verb: 'list' },
  { seq: Number.MAX_SAFE_INTEGER, verb: 'ping' },
];
const answers: ShimAnswer[] = [
  { seq: 1, ok: { pid: 5, terminalFd: 9 } },
  { seq: 2, ok: {} },
  { seq: 3, error: { code: 'runtime-failed', message: 'exec: "x": executable file not found in $PATH\n' } },
  { seq: 4, error: { code: 'aborted', message: '' } },
];

const oneLine = (message: ShimRequest | ShimAnswer): string => {
  const text = encodeShimMessage(message);
  expect(text.indexOf('\n')).toBe(text.length - 1);
  return text.slice(0, -1);
};

test.each(requests)('request $verb comes back as it was', (request) => {
  expect(decodeShimRequest(oneLine(request))).toEqual(request);
});

test.each(answers)('answer $seq comes back as it was', (answer) => {
  expect(decodeShimAnswer(oneLine(answer))).toEqual(answer);
});

test('members of a later version are passed over', () => {
  expect(decodeShimRequest('{"seq":1,"verb":"ping","later":true}')).toEqual({ seq: 1, verb: 'ping' });
});

test('each verb’s result is checked', () => {
  expect(decodeShimResult('hello', { protocol: 1, version: 'v', pid: 3 })).toEqual({ protocol: 1, version: 'v', pid: 3 });
  expect(decodeShimResult('take', { pid: 3, terminalFd: null })).toEqual({ pid: 3 });
  expect(decodeShimResult('adopt', { terminalFd: 8 })).toEqual({ terminalFd: 8 });
  expect(decodeShimResult('list', { processes: [{ dir: '/d', pid: 3, terminalFd: 8 }] })).toEqual({
    processes: [{ dir: '/d', pid: 3, terminalFd: 8 }],
  });
  expect(decodeShimResult('take', { pid: 3, fifos: {} })).toEqual({ pid: 3, fifos: {} });
  expect(decodeShimResult('adopt', { fifos: { stdout: { fd: 8, file: '0:5/12' } } })).toEqual({ fifos: { stdout: { fd: 8, file: '0:5/12' } } });
  expect(thrownBy(() => decodeShimResult('adopt', { fifos: { stdout: { fd: 8 } } })).message).toMatch(/stdout\.file/);
  expect([decodeShimResult('ping', {}), decodeShimResult('abort', {})]).toEqual([{}, {}]);
  expect(thrownBy(() => decodeShimResult('take', {})).message).toMatch(/take\.pid: expected an integer from 1/);
  expect(thrownBy(() => decodeShimResult('list', { processes: [{ pid: 1 }] })).message).toMatch(/list\.processes\[0\]\.dir: expected a string/);
});

test.each([
  ['', /not valid JSON/],
  ['[]', /expected an object, found a list/],
  ['{"verb":"ping"}', /seq: expected an integer/],
  ['{"seq":-1,"verb":"ping"}', /seq: expected an integer/],
  ['{"seq":1}', /verb: expected a string/],
  ['{"seq":1,"verb":"dance"}', /verb: unknown verb "dance"/],
  ['{"seq":1,"verb":"toString"}', /unknown verb/],
  ['{"seq":1,"verb":"__proto__"}', /unknown verb/],
  ['{"seq":1,"verb":"abort","dir":"relative"}', /dir: expected an absolute path/],
  [JSON.stringify({ seq: 1, verb: 'take', ...place, ownPidNamespace: 1 }), /ownPidNamespace: expected true or false/],
  [JSON.stringify({ seq: 1, verb: 'adopt', ...place, pid: 1, starttime: 'x' }), /starttime: not a decimal number/],
  [JSON.stringify({ seq: 1, verb: 'adopt', ...place, pid: 0, starttime: '1' }), /pid: expected an integer from 1/],
])('the request %j is refused', (line, message) => {
  const error = thrownBy(() => decodeShimRequest(line));
  expect(error).toMatchObject({ code: 'bad-message' });
  expect(error.message).toMatch(message);
});

test.each([
  ['{"seq":1}', /ok: expected an object, found nothing/],
  ['{"seq":1,"error":{"code":"other","message":""}}', /error\.code: unknown code "other"/],
  ['{"seq":1,"error":{"code":"aborted"}}', /error\.message: expected a string/],
])('the answer %j is refused', (line, message) => {
  expect(thrownBy(() => decodeShimAnswer(line)).message).toMatch(message);
});

test('any line gives a message or a bad-message error', () => {
  const damaged = fc.tuple(fc.constantFrom(...requests), fc.dictionary(fc.constantFrom(...Object.keys(place), 'seq', 'verb', 'pid'), fc.jsonValue()));
  const lines = fc.oneof(fc.string(), fc.json(), damaged.map(([request, changes]) => JSON.stringify({ ...request, ...changes })));
  fc.assert(
    fc.property(lines, (line) => {
      for (const decode of [decodeShimRequest, decodeShimAnswer]) {
        try {
          decode(line);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-message' });
        }
      }
    }),
    { numRuns: 2000 },
  );
});
