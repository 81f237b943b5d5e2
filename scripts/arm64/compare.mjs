// What of the unit tests has failed below qemu-user that should not have: jest's results (--json) against lacks.mjs. Status 1 where something has.
//   node scripts/arm64/compare.mjs results.json
import { readFileSync } from 'node:fs';
import { lacks } from './lacks.mjs';

const { testResults, numPassedTests, numTotalTests } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const reasons = new Map(lacks.flatMap(({ why, tests }) => tests.map((test) => [test, why])));
const counts = new Map();
const failed = [];
const passed = [];

for (const { name: path, assertionResults, message, status } of testResults) {
  const file = path.slice(path.indexOf('/test/unit/') + '/test/unit/'.length).replace(/\.test\.ts$/, '');
  if (status === 'failed' && assertionResults.length === 0) failed.push(`${file}: ${message}`);
  for (const { fullName, status: outcome } of assertionResults) {
    const test = `${file}: ${fullName}`;
    const why = reasons.get(test);
    if (outcome === 'passed' && why !== undefined) passed.push(test);
    if (outcome !== 'failed') continue;
    if (why === undefined) failed.push(test);
    else counts.set(why, (counts.get(why) ?? 0) + 1);
  }
}

process.stdout.write(`arm64: ${numPassedTests} of ${numTotalTests} unit tests passed\n`);
for (const [why, count] of counts) process.stdout.write(`  ${count} failed, as known: ${why}\n`);
for (const test of passed) process.stdout.write(`  passed this time, though scripts/arm64/lacks.mjs has it: ${test}\n`);
for (const test of failed) process.stdout.write(`  FAILED: ${test}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
