import { type LookupFunction, connect } from 'node:net';
import { parseHostPort } from '../definitions/values';
import { type CheckResult, connectionWords, failing, well } from './check-result';

/** Whether somebody accepts connections there. @param address `host:port` */
export function checkTcp(address: string, lookup: LookupFunction, signal: AbortSignal): Promise<CheckResult> {
  const { host = '', port = 0 } = parseHostPort(address) ?? {};
  return new Promise((resolve) => {
    const socket = connect({ host, port, lookup });
    const settle = (result: CheckResult): void => {
      signal.removeEventListener('abort', leave);
      socket.destroy();
      resolve(result);
    };
    const leave = (): void => { settle(failing(`tcp ${address}: no connection`)); };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    socket.once('connect', () => { settle(well); });
    socket.once('error', (error) => { settle(failing(`tcp ${address}: ${connectionWords(error)}`)); });
  });
}
