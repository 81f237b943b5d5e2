import { WireError } from './wire-error';

/** A header field. Name and value hold one octet per character (latin1), so nothing is lost on the way. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** Sent as "never indexed": whoever passes it on must keep it so (RFC 7541, section 6.2.3). */
  readonly neverIndexed: boolean;
}

/** What a field counts for beyond its octets, in tables (RFC 7541, 4.1) and lists (RFC 9113, 6.5.2). */
export const FIELD_OVERHEAD_BYTES = 32;

/** RFC 7541, appendix A, in order; what follows the equals sign is the value. */
const staticFields: readonly HeaderField[] = `
:authority :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 :status=204
:status=206 :status=304 :status=400 :status=404 :status=500 accept-charset accept-encoding=gzip,_deflate
accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
content-disposition content-encoding content-language content-length content-location content-range content-type
cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after
server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate`
  .trim()
  .split(/\s+/)
  .map((entry) => {
    const [name = '', value = ''] = entry.replace('_', ' ').split('=');
    return { name, value, neverIndexed: false };
  });

/** What a field counts for in a table or a list, in bytes. */
export function fieldBytes(field: HeaderField): number {
  return field.name.length + field.value.length + FIELD_OVERHEAD_BYTES;
}

/** The static and the dynamic table of one direction of one connection (RFC 7541, section 2.3). */
export class HpackTable {
  /** The oldest entry first. */
  readonly #dynamic: HeaderField[] = [];
  readonly #advertisedBytes: number;
  #maxBytes: number;
  #bytes = 0;

  /** @param advertisedBytes our side's SETTINGS_HEADER_TABLE_SIZE: the dynamic table never grows past it */
  constructor(advertisedBytes: number) {
    this.#advertisedBytes = advertisedBytes;
    this.#maxBytes = advertisedBytes;
  }

  /** What the dynamic table holds, in bytes as RFC 7541 counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws WireError bad-header-compression: an index that stands for nothing */
  at(index: number): HeaderField {
    const field =
      index <= staticFields.length
        ? staticFields[index - 1]
        : this.#dynamic[this.#dynamic.length - (index - staticFields.length)];
    if (field === undefined) throw new WireError('bad-header-compression', `no header table entry ${index}`);
    return field;
  }

  /** A field larger than the table empties it, which is no error (section 4.4). */
  add(field: HeaderField): void {
    this.#dynamic.push(field);
    this.#bytes += fieldBytes(field);
    this.#evict();
  }

  /** @throws WireError bad-header-compression: more than was advertised */
  resize(maxBytes: number): void {
    if (maxBytes > this.#advertisedBytes) {
      throw new WireError('bad-header-compression', `a header table of ${maxBytes} bytes is more than was advertised`);
    }
    this.#maxBytes = maxBytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#dynamic.shift();
      if (oldest === undefined) return;
      this.#bytes -= fieldBytes(oldest);
    }
  }
}
