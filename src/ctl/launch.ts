// What bin/holdfastctl is: it runs the bundle beside it that the command line asks for.
import { join } from 'node:path';
import { runCompiled } from '../sys/compiled-program';

// What the second line of the program (build.mjs) keeps from Node.
const { HOLDFAST_NODE_EXTRA_CA_CERTS: certificates } = process.env;
delete process.env['HOLDFAST_NODE_EXTRA_CA_CERTS'];
if (certificates !== undefined && certificates !== '') process.env['NODE_EXTRA_CA_CERTS'] = certificates;
else if (process.env['NODE_EXTRA_CA_CERTS'] === '') delete process.env['NODE_EXTRA_CA_CERTS'];

const [first, , third] = process.argv.slice(2);
// As the scripts of completions ask for names, which people wait for at each Tab.
const isCompletion = first === '__names' || ((first === '-s' || first === '--address') && third === '__names');
runCompiled(join(__dirname, isCompletion ? 'holdfastctl-names' : 'holdfastctl'), require);
