import type { ServiceError } from '@grpc/grpc-js';
import type { ProgramParts } from '../../../programs/parts';
import type { Logger } from '../../../runtime/logger';
import { serverStream, unary } from '../../call';
import type { DefinitionsServer } from '../../gen/holdfast/v1/definitions';
import { requesterOf } from '../peer';
import { addOrWithdraw } from './add';
import { define } from './define';
import { filesOf, managedOf } from './keepers';
import { availableMessage, groupChangeMessage } from './messages';
import { scale } from './scale';
import { update } from './update';

/** The service `holdfast.v1.Definitions`: programs that files define. */
export function definitionsService(parts: ProgramParts, log: Logger, statusOf: (error: unknown) => ServiceError): DefinitionsServer {
  const reads = (name: string) => ({ name: `holdfast/${name}`, log, changes: false, statusOf });
  const changes = (name: string) => ({ name: `holdfast/${name}`, log, changes: true, statusOf });
  return {
    reread: unary(changes('Reread'), async () => {
      const { changes: groups, errors } = await filesOf(parts).reread();
      return { changes: groups.map(groupChangeMessage), errors: [...errors] };
    }),
    update: serverStream(changes('Update'), update(parts)),
    available: unary(reads('Available'), () => ({ processes: filesOf(parts).available().map(availableMessage) })),
    add: unary(changes('Add'), ({ group }) => addOrWithdraw(filesOf(parts), 'add', group)),
    withdraw: unary(changes('Withdraw'), ({ group }) => addOrWithdraw(filesOf(parts), 'remove', group)),
    scale: serverStream(changes('Scale'), scale(parts)),
    reload: unary(changes('Reload'), async ({ name }, info) => {
      await managedOf(parts).reload({ name, by: requesterOf(info), cancel: info.cancel });
      return {};
    }),
    define: serverStream(changes('Define'), define(parts)),
    show: unary(reads('Show'), ({ name }) => ({ toml: filesOf(parts).show(name) })),
  };
}
