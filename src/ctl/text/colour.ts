export type Colour = 'red' | 'green' | 'yellow' | 'none';

/** Puts text in a colour, or leaves it as it is. */
export type Painter = (colour: Colour, text: string) => string;

const codes: Readonly<Record<Exclude<Colour, 'none'>, number>> = { red: 31, green: 32, yellow: 33 };

/**
 * Colours for a terminal only, and none where NO_COLOR is set to anything but the empty string
 * (no-color.org) or the terminal is a dumb one.
 */
export function painterFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Painter {
  const plain = !isTerminal || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return (colour, text) => (plain || colour === 'none' ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`);
}
