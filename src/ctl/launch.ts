// What bin/holdfastctl is: it runs the bundle beside it.
import { join } from 'node:path';
import { runCompiled } from '../sys/compiled-program';

runCompiled(join(__dirname, 'holdfastctl'), require);
