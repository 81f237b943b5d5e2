import { join } from 'node:path';

import { DefinitionDirectory } from '../../../../src/agent/definitions/read-directory';
import { bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';

test('the packaged examples are right', async () => {
  const { programs, errors } = bringTogether(noDefinitions, await new DefinitionDirectory(join(__dirname, '../../../../packaging/programs')).read());
  expect(errors).toEqual([]);
  expect([...programs.keys()]).toEqual(['box', 'db', 'mailer', 'report', 'web']);
});
