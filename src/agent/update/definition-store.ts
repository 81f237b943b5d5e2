import type { NamedTexts } from '../../records/named-texts';
import type { Webhook } from '../definitions/definition';
import { type InUse, parseInUse, parseWebhook, printInUse, printWebhook } from './in-use';

/** Of the text that says in which boot of the host the files were taken as they are: no program has an empty name. */
const bootText = '';
/** Before the names of webhooks: no program has a space in its name. */
const webhookText = 'webhook ';

/** The definitions in use, as they are written down. */
export class DefinitionStore {
  readonly #inUse = new Map<string, InUse>();
  readonly #webhooks = new Map<string, Webhook>();

  constructor(private readonly texts: NamedTexts) {}

  /** By program. */
  get inUse(): ReadonlyMap<string, InUse> {
    return this.#inUse;
  }

  /** Those in use, by name. */
  get webhooks(): ReadonlyMap<string, Webhook> {
    return this.#webhooks;
  }

  /** The boot of the host in which the files were taken as they are; undefined: none. */
  get bootId(): string | undefined {
    return this.texts.find(bootText);
  }

  /** Reads what is written down. To be called once. @param onInvalid told of what cannot be read, which is left out */
  load(onInvalid: (name: string, error: unknown) => void): void {
    for (const { name, text } of this.texts.list()) {
      if (name === bootText) continue;
      try {
        if (name.startsWith(webhookText)) this.#webhooks.set(name.slice(webhookText.length), parseWebhook(name, text));
        else this.#inUse.set(name, parseInUse(name, text));
      } catch (error) {
        onInvalid(name, error);
      }
    }
  }

  /** @throws RecordsError */
  async setBootId(bootId: string): Promise<void> {
    await this.texts.put({ name: bootText, text: bootId });
  }

  /** Has these in use, and no others. @throws RecordsError */
  async setWebhooks(webhooks: ReadonlyMap<string, Webhook>): Promise<void> {
    const gone = [...this.#webhooks.keys()].filter((name) => !webhooks.has(name));
    const changed = [...webhooks.values()].filter((webhook) => this.texts.find(webhookText + webhook.name) !== printWebhook(webhook));
    await Promise.all([
      ...gone.map((name) => this.texts.delete(webhookText + name)),
      ...changed.map((webhook) => this.texts.put({ name: webhookText + webhook.name, text: printWebhook(webhook) })),
    ]);
    this.#webhooks.clear();
    for (const [name, webhook] of webhooks) this.#webhooks.set(name, webhook);
  }

  /** Resolves once it is on the disk. @throws RecordsError */
  async put(inUse: InUse): Promise<void> {
    const { name } = inUse.definition;
    await this.texts.put({ name, text: printInUse(inUse) });
    this.#inUse.set(name, inUse);
  }

  /** @throws RecordsError */
  async delete(name: string): Promise<void> {
    await this.texts.delete(name);
    this.#inUse.delete(name);
  }
}
