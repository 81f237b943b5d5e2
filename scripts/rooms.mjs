// Draws the rooms of src/ and who imports whom, from the imports themselves: docs/rooms.dot, and of that docs/rooms.svg (graphviz).
//   node scripts/rooms.mjs imports.json            # what depcruise --output-type json writes of src
//   node scripts/rooms.mjs --check imports.json    # fails where docs/rooms.dot is another; draws nothing, so graphviz is not needed
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({ options: { check: { type: 'boolean', default: false } }, allowPositionals: true });
/** The rooms that are a program's first files (build.mjs). */
const programs = { daemon: 'holdfastd', shim: 'holdfast-shim', ctl: 'holdfastctl' };

/** @param {{ modules: { source: string, dependencies: { resolved: string }[] }[] }} imports */
function roomsOf({ modules }) {
  const rooms = new Map();
  const partsOf = (path) => /^src\/([^/]+)\/(?:([^/]+)\/)?/.exec(path)?.slice(1);
  for (const { source, dependencies } of modules) {
    const [name, folder] = partsOf(source) ?? [];
    if (name === undefined) continue;
    const room = rooms.get(name) ?? { folders: new Set(), below: new Map() };
    rooms.set(name, room);
    if (folder !== undefined && folder !== 'gen') room.folders.add(folder);
    for (const { resolved } of dependencies) {
      const [other, part] = partsOf(resolved) ?? [];
      // What is generated of proto/ is nobody's room.
      if (other === undefined || other === name || resolved.startsWith('src/api/gen/')) continue;
      const parts = room.below.get(other) ?? new Set();
      room.below.set(other, parts.add(part));
    }
  }
  return rooms;
}

/** The folder of the other room that alone is imported from, if it is one. */
function onlyPart(rooms, name, other) {
  const parts = rooms.get(name).below.get(other);
  return parts.size === 1 ? [...parts][0] : undefined;
}

/** Without the arrows that others imply: who imports a room, and not one folder of it, may import what is below that, too. */
function directly(rooms, name) {
  const wholly = (from) => [...rooms.get(from).below.keys()].filter((other) => from !== name || onlyPart(rooms, from, other) === undefined);
  const reached = (from, seen = new Set()) => {
    for (const other of wholly(from)) if (!seen.has(other)) reached(other, seen.add(other));
    return seen;
  };
  return [...rooms.get(name).below.keys()].filter((room) => !wholly(name).some((other) => other !== room && reached(other).has(room)));
}

function dotOf(rooms) {
  const lines = [
    '// Made by scripts/rooms.mjs (make docs) of the imports in src/.',
    'digraph rooms {',
    '  node [shape=box, style="rounded,filled", fillcolor="#f4f6fa", color="#6b7a90", fontname="Helvetica", fontsize=11]',
    '  edge [color="#6b7a90", arrowsize=0.7]',
  ];
  for (const name of [...rooms.keys()].sort()) {
    const folders = [...rooms.get(name).folders].sort();
    const rows = [];
    for (let at = 0; at < folders.length; at += 4) rows.push(folders.slice(at, at + 4).map((folder) => `${folder}/`).join('  '));
    const program = programs[name] === undefined ? '' : ` (${programs[name]})`;
    const small = rows.map((row) => `<br/><font point-size="9" color="#445066">${row}</font>`).join('');
    lines.push(`  "${name}" [label=<<b>${name}</b>${program}${small}>]`);
  }
  for (const name of [...rooms.keys()].sort()) {
    for (const other of directly(rooms, name).sort()) {
      const part = onlyPart(rooms, name, other);
      lines.push(`  "${name}" -> "${other}"${part === undefined ? '' : ` [label=" ${part}/", fontname="Helvetica", fontsize=9, fontcolor="#445066"]`}`);
    }
  }
  return `${lines.join('\n')}\n}\n`;
}

const dot = dotOf(roomsOf(JSON.parse(readFileSync(positionals[0], 'utf8'))));
if (options.check) {
  if (readFileSync('docs/rooms.dot', 'utf8') !== dot) {
    process.stderr.write('docs/rooms.dot, the picture of the rooms, is not of this code: make docs\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync('docs/rooms.dot', dot);
  writeFileSync('docs/rooms.svg', execFileSync('dot', ['-Tsvg'], { input: dot }));
}
