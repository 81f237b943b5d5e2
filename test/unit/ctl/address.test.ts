import { parseAddress } from '../../../src/ctl/daemon/address';
import { CtlError } from '../../../src/ctl/errors';

test.each([
  ['unix:///run/x.sock', '/run/x.sock'],
  ['unix:/run/x.sock', '/run/x.sock'],
  ['/run/x.sock', '/run/x.sock'],
  ['x.sock', '/here/x.sock'],
  ['unix:state/x.sock', '/here/state/x.sock'],
  ['unix://state/x.sock', '/here/state/x.sock'],
])('%s', (text, path) => {
  expect(parseAddress(text, '/here')).toEqual({ path, target: `unix://${path}` });
});

test.each(['', 'tcp://localhost:1', 'http://x'])('"%s" is none', (text) => {
  expect(() => parseAddress(text)).toThrow(CtlError);
});
