import { fc } from './property';

/** What a defect of ours would sound like. */
export const defects = /TypeError|RangeError|is not a function|Cannot (read|convert|mix)|undefined|too big|SQLITE|at .*\.js:\d/;

/** What a field of text is filled with by whoever means ill, or makes mistakes. */
const nastyStrings = [
  '', '.', '..', '/', 'a/b', '../../etc', '/nonexistent', '/etc/passwd', 'a\0b', '\0', '-', '--help', '-rf', 'ghost', 'init', 'paused', 'running', 'stopped',
  '%s%n', '$(id)', '{}', '\u0000\uffff', '\ud83d\ude00', 'x'.repeat(255), 'x'.repeat(256), 'é'.repeat(128), 'x'.repeat(70_000), '__proto__', 'constructor',
];

export const text = fc.oneof(fc.constantFrom(...nastyStrings), fc.string({ unit: 'binary', maxLength: 300 }));
