/** So many hexadecimal digits: for names that nobody has chosen. */
export async function randomDigits(count: number): Promise<string> {
  // Loaded only now: a third of what `status` takes to load is this.
  const { randomBytes } = await import('node:crypto');
  return randomBytes(Math.ceil(count / 2)).toString('hex').slice(0, count);
}
