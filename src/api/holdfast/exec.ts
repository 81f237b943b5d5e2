import { execInProgram } from '../../programs/exec';
import { findProgram } from '../../programs/list';
import type { ProgramParts } from '../../programs/parts';
import { Fields } from '../../runtime/fields';
import { checkProcess } from '../../runtime/bundle/process-check';
import { liftProcess } from '../../runtime/bundle/lift-process';
import type { ProcessSpec } from '../../runtime/bundle/process-spec';
import { checkName } from '../../runtime/state-dir/names';
import { INIT } from '../../runtime/state-dir/layout';
import { messageOf } from '../../sys/thrown';
import type * as messages from '../gen/holdfast/v1/containers';
import type { Verb } from '../call';
import { RequestError } from '../errors';
import { stdioOf } from './definition';
import { requesterOf } from './peer';

/** Exec: another process in a container; answers once it runs. */
export function exec(parts: ProgramParts): Verb<messages.ExecRequest, messages.ExecResponse> {
  return async ({ name, process: processId, spec }, info) => {
    if (spec === undefined) throw new RequestError('an exec needs a process', 'spec');
    checkName('process id', processId);
    if (processId === INIT) throw new RequestError(`the name ${INIT} is the first process's`, 'process');
    const stdio = stdioOf(spec.stdio ?? { stdin: '', stdout: '', stderr: '' });
    const pid = await execInProgram(parts, { name, processId, spec: specOf(spec), stdio, by: requesterOf(info), cancel: info.cancel });
    return { pid };
  };
}

/** ResizeTerminal and CloseInput. */
export function resizeTerminal(parts: ProgramParts): Verb<messages.ResizeTerminalRequest, messages.ResizeTerminalResponse> {
  return async ({ name, process, width, height }) => {
    const { key: id } = await findProgram(parts, name);
    await parts.supervisor.request('updateProcess', { id, processId: process === '' ? INIT : process, closeStdin: false, width, height });
    return {};
  };
}

export function closeInput(parts: ProgramParts): Verb<messages.CloseInputRequest, messages.CloseInputResponse> {
  return async ({ name, process }) => {
    const { key: id } = await findProgram(parts, name);
    await parts.supervisor.request('updateProcess', { id, processId: process === '' ? INIT : process, closeStdin: true, width: 0, height: 0 });
    return {};
  };
}

/** The OCI process, checked as one that comes as JSON. @throws RequestError */
function specOf(process: messages.Process): ProcessSpec {
  const { user, capabilities } = process;
  const json = {
    terminal: process.terminal,
    user: { uid: user?.uid ?? 0, gid: user?.gid ?? 0, additionalGids: user?.additional_gids ?? [] },
    args: process.args,
    env: process.env,
    cwd: process.cwd === '' ? '/' : process.cwd,
    noNewPrivileges: process.no_new_privileges,
    // The one list becomes effective too.
    ...(capabilities.length === 0 ? {} : { capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities } }),
    ...(process.rlimits.length === 0 ? {} : { rlimits: process.rlimits.map(({ type, soft, hard }) => ({ type, soft, hard })) }),
    ...(process.apparmor_profile === '' ? {} : { apparmorProfile: process.apparmor_profile }),
    ...(process.selinux_label === '' ? {} : { selinuxLabel: process.selinux_label }),
  };
  try {
    return checkProcess(Fields.of(liftProcess(json), 'spec', 'bad-message'));
  } catch (cause) {
    throw new RequestError(messageOf(cause), 'spec');
  }
}
