import { constants } from 'node:os';
import { once } from 'node:events';
import type { Progress, StatsResponse } from '../../api/gen/holdfast/v1/containers';
import { logs } from '../commands/logs';
import { showWhy } from '../commands/why';
import type { DaemonClient } from '../daemon/daemon-client';
import { exitStatus, killedBy } from '../exit-status';
import type { MessageStream } from '../daemon/message-stream';
import { INIT } from '../names';
import { resultLine, resultOf } from '../text/result-line';
import { sizeOf } from '../text/screen-size';
import type { Tool } from '../tool';
import { messageOf } from '../../sys/thrown';
import { type Row, headLine, rowsOf, tableOf } from './frame';
import { Screen } from './screen';
import { type Act, type View, firstView, keysOf, onKey } from './view';
import { Watcher, machineNow } from './watcher';

const keyLine = 'q quit  s sort  / filter  ↑↓ choose  enter why  l logs  r restart  x stop  k signal  ? help';
const help = [
  'q        quit                           enter    the story of the chosen program',
  's        sort by name, CPU, memory      l        its output, until Ctrl-C',
  '/        only names that hold a text    r        restart it',
  '↑ ↓      choose a program               x        stop it',
  'escape   forget filter and choice       k        send it a signal',
  '', 'Any key goes back.',
];
const [inverse, plain] = ['\u001b[7m', '\u001b[0m'];

/** `top` on a terminal: one answer of the daemon a second for all that is shown, and keys to act. */
export class Top {
  readonly #tool: Tool;
  readonly #watcher = new Watcher();
  #view: View = firstView;
  #message: StatsResponse | undefined;
  #rows: readonly Row[] = [];
  #notice = '';
  #screen: Screen | undefined;
  #end: (status: number) => void = () => undefined;

  constructor(tool: Tool) {
    this.#tool = tool;
  }

  /** Until it is left. Gives the terminal back, also where the daemon goes. */
  async run(): Promise<void> {
    const daemon = await this.#tool.connect();
    const stream = daemon.stats({ with_list: true });
    const ended = new Promise<number>((resolve) => { this.#end = resolve; });
    try {
      // Whatever is wrong with the daemon is said on the terminal as it is.
      await stream.opened;
      this.#screen = new Screen(this.#tool.io, {
        onKeys: (typed) => { this.#onKeys(daemon, typed); },
        onResize: () => { this.#draw(); },
        onEnd: (signal) => { this.#end(signal === 'SIGINT' ? exitStatus.interrupted : killedBy(constants.signals[signal])); },
      });
      const reading = this.#read(stream);
      this.#tool.finish(await Promise.race([ended, reading.then(() => ended)]));
    } finally {
      this.#screen?.close();
      stream.close();
    }
  }

  async #read(stream: MessageStream<StatsResponse>): Promise<void> {
    for await (const message of stream) {
      this.#message = message;
      this.#rows = this.#watcher.take(message);
      this.#draw();
    }
  }

  get #shown(): readonly Row[] {
    return rowsOf(this.#rows, this.#view);
  }

  #draw(): void {
    const { columns: width, rows: height } = sizeOf(this.#tool.io.stdout);
    const nowMs = Date.now();
    const shown = this.#shown;
    const chosen = shown.findIndex(({ container }) => container.name === this.#view.chosen);
    const [heading = '', ...table] = tableOf(shown, { nowMs, width, isLive: true });
    const marked = table.map((line, at) => (at === chosen ? `${inverse}${line}${plain}` : line));
    const room = Math.max(1, height - 3);
    const first = Math.max(0, Math.min(chosen - room + 1, marked.length - room));
    const body = this.#view.isHelp ? help.slice(0, room) : marked.slice(first, first + room);
    const head = headLine(this.#message?.list ?? [], machineNow(), nowMs);
    this.#screen?.draw([head.slice(0, width), heading, ...body, ...Array<string>(room - body.length).fill(''), this.#lastLine().slice(0, width)]);
  }

  #lastLine(): string {
    const { typing, filter, sorting } = this.#view;
    if (typing !== undefined) return `${typing.what === 'filter' ? 'names with: ' : `signal to ${this.#view.chosen ?? ''}: `}${typing.text}`;
    if (this.#notice !== '') return this.#notice;
    return `${keyLine}${sorting === 'name' ? '' : `   (by ${sorting})`}${filter === '' ? '' : `   (names with ${filter})`}`;
  }

  #onKeys(daemon: DaemonClient, typed: string): void {
    for (const key of keysOf(typed)) {
      const { view, act } = onKey(this.#view, key, this.#shown.map(({ container }) => container.name));
      this.#view = view;
      this.#notice = '';
      if (act !== undefined) this.#act(daemon, act).catch((error: unknown) => { this.#tell(messageOf(error)); });
    }
    this.#draw();
  }

  #tell(notice: string): void {
    this.#notice = notice;
    this.#draw();
  }

  async #act(daemon: DaemonClient, act: Act): Promise<void> {
    switch (act.is) {
      case 'quit':
        this.#end(exitStatus.ok);
        return;
      case 'interrupt':
        this.#end(exitStatus.interrupted);
        return;
      case 'suspend':
        this.#screen?.suspend();
        return;
      case 'why':
        await this.#aside(() => showWhy(this.#tool, act.name));
        return;
      case 'logs':
        await this.#aside(() => logs(this.#tool, [act.name], { follow: true, tail: 20 }));
        return;
      case 'signal':
        await daemon.signal(act.name, INIT, act.signal);
        this.#tell(resultLine(act.name, 'signalled'));
        return;
      case 'restart':
        await this.#follow(act.name, 'restarting', daemon.restart({ names: [act.name] }));
        return;
      case 'stop':
        await this.#follow(act.name, 'stopping', daemon.stop({ names: [act.name] }));
    }
  }

  async #follow(name: string, doing: string, stream: MessageStream<Progress>): Promise<void> {
    this.#tell(`${doing} ${name}`);
    for await (const { result } of stream) if (result !== undefined) this.#tell(resultLine(name, resultOf(result.outcome)));
  }

  /** On the terminal's own screen, and back with a key. */
  async #aside(show: () => Promise<void>): Promise<void> {
    const { stdin, stderr } = this.#tool.io;
    this.#screen?.leave();
    try {
      await show();
      stderr.write('-- any key goes back --\n');
      stdin.setRawMode?.(true);
      stdin.resume();
      await once(stdin, 'data');
    } finally {
      this.#screen?.show();
      this.#draw();
    }
  }
}
