import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a server by HTTPS has, and the file of what vouches for it: itself. */
export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly path: string;
}

/** @param directory of its files @param name as openssl wants it: `IP:127.0.0.1`, `DNS:registry.test` */
export function makeCertificate(directory: string, name: string): Certificate {
  const [key, path] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=test', '-addext', `subjectAltName=${name}`];
  execFileSync('openssl', [...made, '-keyout', key, '-out', path], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(path), path };
}
