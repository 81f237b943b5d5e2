let environment: Readonly<Record<string, string>> | undefined;

/**
 * This process's environment for a Go program that is to keep to one processor at a time; as it is where it says something of that
 * itself. A runtime is over so soon that its threads gain nothing from another one: they wake each other, and invalidate each other's
 * address translations, across processors. Whatever it runs (hooks) inherits it.
 */
export function oneProcessor(): Readonly<Record<string, string>> {
  environment ??= { GOMAXPROCS: '1', ...(process.env as Record<string, string>) };
  return environment;
}
