// The rooms of docs/architecture.md and the direction of imports between them.
const rooms = ['daemon', 'api', 'agent', 'programs', 'supervisor', 'images', 'records', 'worker', 'monitor', 'shim', 'runtime', 'ctl', 'sys'];

/** @param {string} room @param {string[]} below the rooms that it may import from */
function mayImport(room, below) {
  const rest = rooms.filter((other) => other !== room && !below.includes(other));
  return {
    name: `${room}-imports-downward`,
    severity: 'error',
    comment: `src/${room} may import from: ${below.join(', ') || 'no other room'}`,
    from: { path: `^src/${room}/` },
    to: { path: `^src/(${rest.join('|')})/`, pathNot: room === 'ctl' ? '^src/(api/gen|agent/definitions)/' : '^$' },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-tests-in-the-product', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'koffi-in-sys-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sys/' },
      to: { path: 'node_modules/koffi' },
    },
    {
      name: 'a-face-knows-no-other-face',
      severity: 'error',
      from: { path: '^src/api/(legacy|containerd|holdfast)/' },
      to: { path: '^src/api/(legacy|containerd|holdfast)/', pathNot: '^src/api/$1/' },
    },
    mayImport('daemon', ['api', 'agent', 'programs', 'supervisor', 'images', 'records', 'worker', 'monitor', 'shim', 'runtime', 'sys']),
    mayImport('api', ['agent', 'programs', 'supervisor', 'images', 'records', 'runtime', 'sys']),
    mayImport('agent', ['programs', 'supervisor', 'records', 'runtime', 'sys']),
    mayImport('programs', ['supervisor', 'records', 'runtime', 'sys']),
    mayImport('supervisor', ['records', 'worker', 'monitor', 'runtime', 'sys']),
    mayImport('images', ['records', 'runtime', 'sys']),
    mayImport('records', ['runtime', 'sys']),
    mayImport('worker', ['runtime', 'sys']),
    mayImport('monitor', ['runtime', 'sys']),
    mayImport('shim', ['runtime', 'sys']),
    mayImport('ctl', ['runtime', 'sys']),
    mayImport('runtime', ['sys']),
    mayImport('sys', []),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
