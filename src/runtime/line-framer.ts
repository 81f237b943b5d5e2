import { RuntimeError } from './errors';

const LINE_FEED = 0x0a;
/** Enough for a listing of some 20,000 processes. */
const MOST_BYTES = 4 << 20;

/** Cuts a byte stream into lines, however it is split into chunks. */
export class LineFramer {
  private parts: Buffer[] = [];
  private length = 0;

  /** @param mostBytes a longer line is an error: the other side is not speaking this protocol */
  constructor(private readonly mostBytes = MOST_BYTES) {}

  /**
   * @returns the lines that this chunk completes, without their ends
   * @throws RuntimeError `bad-message` for a line that is too long; the framer is of no use then
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.append(chunk.subarray(start, end));
      lines.push(this.take());
      start = end + 1;
    }
    this.append(chunk.subarray(start));
    return lines;
  }

  /** Bytes of a line that has no end yet. */
  get pendingBytes(): number {
    return this.length;
  }

  /** The bytes of a line that has no end yet. */
  get pending(): Buffer {
    return Buffer.concat(this.parts, this.length);
  }

  private append(part: Buffer): void {
    if (part.length === 0) return;
    this.length += part.length;
    if (this.length > this.mostBytes) {
      throw new RuntimeError('bad-message', `a line of more than ${this.mostBytes} bytes`);
    }
    this.parts.push(part);
  }

  private take(): string {
    const line = Buffer.concat(this.parts, this.length).toString('utf8');
    this.parts = [];
    this.length = 0;
    return line;
  }
}
