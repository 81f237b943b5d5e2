/** Why ours differs from supervisorctl, where tests of both say it. */
export const allOfAProgram = "a program's bare name means all of its processes (cli.md, 1.7); supervisorctl knows none of that name";
export const twice = 'a name that is given twice is shown, or done, once';
export const ownHelp = "help is ours: a verb's flags, an example, its exit statuses";

/** What these print comes in the order in which programs end or start. */
const isWide = (command: string): boolean => /\ball\b|\*/.test(command);

/** Pids, uptimes, dates, sockets are not those of the other side; nor why one is FATAL or in BACKOFF, of which ours says more (cli.md, status), but for a command that is not there. */
export function normal(text: string, command: string): string {
  const same = text
    .replaceAll(/pid \d+/g, 'pid N')
    .replaceAll(/^\d+$/gm, (pid) => (pid === '0' ? '0' : 'N'))
    .replaceAll(/unix:\/\/\S+\.sock/g, 'unix:///SOCKET')
    .replaceAll(/uptime [\d:]+/g, 'uptime T')
    .replaceAll(/\w{3} \d\d \d\d:\d\d [AP]M/g, 'DATE')
    .replaceAll(/ (FATAL|BACKOFF)(?! +can't find command) .*/g, ' $1');
  // After its first line a verb without its names shows its help there: here that is on stderr.
  if (/^(Error: |ERROR: no process name)/.test(same)) return `${same.split('\n')[0] ?? ''}\n`;
  return isWide(command) ? same.split('\n').sort().join('\n') : same;
}
