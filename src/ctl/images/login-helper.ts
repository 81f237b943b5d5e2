import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { RegistryLogin } from '../../api/gen/holdfast/v1/images';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { CtlError } from '../errors';

/** What a helper says instead of a name, where it has an identity token. */
const TOKEN = '<token>';

/**
 * Asks docker's credential helper of that name (docker-credential-helpers, "Development"), as docker itself does: it runs as who runs us.
 * @returns undefined where it has none for this key @throws CtlError `local`
 */
export async function loginOfHelper(name: string, key: string, configPath: string): Promise<RegistryLogin | undefined> {
  if (!/^[\w.-]+$/.test(name)) throw new CtlError('local', `${configPath}: ${JSON.stringify(name)} is no name of a credential helper`);
  const program = `docker-credential-${name}`;
  const { status, text } = await answerOf(program, key, configPath);
  if (status !== 0 && /credentials not found/i.test(text)) return undefined;
  if (status !== 0) throw new CtlError('local', `${program} has no login for ${key}: exit status ${String(status)}`);
  const { Username: username, Secret: secret } = parsed(text);
  if (typeof username !== 'string' || typeof secret !== 'string') throw new CtlError('local', `${program}: its answer cannot be read`);
  return RegistryLogin.create(username === TOKEN ? { identity_token: secret } : { username, password: secret });
}

async function answerOf(program: string, key: string, configPath: string): Promise<{ readonly status: number | null; readonly text: string }> {
  const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  // One that ends without reading.
  child.stdin.on('error', () => undefined);
  child.stdin.end(key);
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, text: Buffer.concat(pieces).toString('utf8') };
  } catch (cause) {
    const words = errorCodeOf(cause) === 'ENOENT' ? 'it is not there' : messageOf(cause);
    throw new CtlError('local', `${program}, which ${configPath} names for ${key}: ${words}`, { cause });
  }
}

/** It holds a password: what is wrong with it is not said. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
