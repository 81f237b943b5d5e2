/** Closed while the shim is about to hand itself over: what has not begun waits, and is begun by whoever goes on. */
export class Gate {
  private opened: Promise<void> | undefined;
  private tellOpened: () => void = () => undefined;

  get isClosed(): boolean {
    return this.opened !== undefined;
  }

  close(): void {
    this.opened ??= new Promise((resolve) => {
      this.tellOpened = resolve;
    });
  }

  open(): void {
    this.opened = undefined;
    this.tellOpened();
  }

  /** Resolves when it is open. */
  async pass(): Promise<void> {
    while (this.opened !== undefined) await this.opened;
  }
}
