import { CommanderError } from 'commander';
import { messageOf } from '../../sys/thrown';
import { DEFAULT_ADDRESS, parseAddress } from '../daemon/address';
import { exitStatus } from '../exit-status';
import { Session } from '../session';
import type { Io } from '../tool';
import { makeCtrProgram } from './program';

/** The command line under the name of containerd 0.2's: errors are its, and its status of all of them. */
export async function runCtr(name: string, args: readonly string[], io: Io): Promise<number> {
  const address = (): ReturnType<typeof parseAddress> => parseAddress(program.opts<{ address?: string }>().address ?? io.env['HOLDFAST_ADDRESS'] ?? DEFAULT_ADDRESS);
  const session = new Session(io, { name: '[ctr] ', isColoured: false, address });
  const program = makeCtrProgram(session.tool, name);
  try {
    return await session.run(program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' }));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.failed;
    session.tool.explain(messageOf(error));
    return exitStatus.failed;
  }
}
