import { isIPv4, isIPv6 } from 'node:net';

const AF_INET = 2;
const AF_INET6 = 10;
const FAMILY_BYTES = 2;
const PORT_AT = 2;
/** sockaddr_in, ip(7): family, port, 4 bytes of address, 8 of nothing. */
const V4 = { size: 16, addressAt: 4 };
/** sockaddr_in6, ipv6(7): family, port, flow, 16 bytes of address, scope. */
const V6 = { size: 28, addressAt: 8 };

/** The address of a socket, for bind(2); undefined for what is no address: names are not looked up. @param host empty: any, of both versions */
export function internetAddress(host: string, port: number): Buffer | undefined {
  if (isIPv4(host)) return address(AF_INET, V4, host.split('.').map(Number), port);
  if (host === '' || (isIPv6(host) && !/[.%]/.test(host))) return address(AF_INET6, V6, bytesOf(host === '' ? '::' : host), port);
  return undefined;
}

/** Whether only this machine reaches it. @param host an address in numbers; names are never loopback here */
export function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** The family of a socket's address. */
export function familyOf(socketAddress: Buffer): number {
  return socketAddress.readUInt16LE(0);
}

/** What tells two addresses apart. */
export function isSameAddress(a: Buffer, b: Buffer): boolean {
  const end = familyOf(a) === AF_INET ? V4.addressAt + 4 : V6.addressAt + 16;
  const from = familyOf(a) === AF_INET ? V4.addressAt : V6.addressAt;
  return a.subarray(0, FAMILY_BYTES + 2).equals(b.subarray(0, FAMILY_BYTES + 2)) && a.subarray(from, end).equals(b.subarray(from, end));
}

function address(family: number, { size, addressAt }: typeof V4, bytes: readonly number[], port: number): Buffer {
  const buffer = Buffer.alloc(size);
  buffer.writeUInt16LE(family);
  buffer.writeUInt16BE(port, PORT_AT);
  Buffer.from(bytes).copy(buffer, addressAt);
  return buffer;
}

/** Of an IPv6 address that has been checked. */
function bytesOf(host: string): readonly number[] {
  const [before = '', after] = host.split('::');
  const wordsOf = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => parseInt(word, 16)));
  const [first, last] = [wordsOf(before), wordsOf(after ?? '')];
  const words = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return words.flatMap((word) => [word >> 8, word & 0xff]);
}
