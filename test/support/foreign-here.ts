import type { ForeignFiles } from '../../src/runtime/foreign/foreign-files';
import { findProgram, programVersionAtOnce } from '../../src/runtime/foreign/programs';
import { readAtOnce } from '../../src/runtime/foreign/read-at-once';
import { readRegularFile } from '../../src/runtime/state-dir/read-file';
import { parseJsonFile } from '../../src/runtime/state-dir/read-json';

/** Reads clients' files as ForeignFiles does, on this thread where that would send its hands. */
export const foreignHere: Pick<ForeignFiles, 'readJson' | 'findProgram' | 'checkProgram'> = {
  findProgram: (path) => Promise.resolve().then(() => findProgram(path)),
  checkProgram: (path) => Promise.resolve().then(() => programVersionAtOnce(path) ?? findProgram(path).version),
  readJson: (path, code, options, signal) =>
    parseJsonFile(path, code, () => Promise.resolve().then(() => readAtOnce(path, options) ?? readRegularFile(path, options)), signal),
};
