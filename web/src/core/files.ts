/**
 * # Files of messages, opened
 *
 * The core fetches a file, decrypts it and hands out a blob: address. Each is asked for once, when it comes into view,
 * and kept for the next look; the oldest are given back, so that a long afternoon of pictures does not fill the memory.
 */
export type FileState = { is: "absent" } | { is: "loading" } | { is: "ready"; url: string } | { is: "failed"; why: string };

type Fetch = (conversationId: string, messageId: string, blobId: string) => Promise<string>;

const FILES_KEPT_MAX = 200;
const ABSENT: FileState = { is: "absent" };

export class FileCache {
  readonly #fetch: Fetch;
  readonly #files = new Map<string, FileState>();
  readonly #listeners = new Set<() => void>();

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  state(blobId: string): FileState {
    return this.#files.get(blobId) ?? ABSENT;
  }

  /** Takes an address that is known already. */
  keep(blobId: string, url: string): void {
    this.#set(blobId, { is: "ready", url });
  }

  /** Asks for a file, or again after a failure. */
  async load(conversationId: string, messageId: string, blobId: string): Promise<void> {
    await this.open(blobId, () => this.#fetch(conversationId, messageId, blobId));
  }

  /** The same for a file of no message, under a name of its own. */
  async open(key: string, fetch: () => Promise<string>): Promise<void> {
    const { is } = this.state(key);
    if (is === "loading" || is === "ready") return;
    this.#set(key, { is: "loading" });
    try {
      this.#set(key, { is: "ready", url: await fetch() });
    } catch (error) {
      this.#set(key, { is: "failed", why: error instanceof Error ? error.message : "The file could not be opened." });
    }
  }

  #set(blobId: string, state: FileState): void {
    this.#files.delete(blobId);
    this.#files.set(blobId, state);
    for (const [id, kept] of this.#files) {
      if (this.#files.size <= FILES_KEPT_MAX) break;
      this.#files.delete(id);
      // Two messages may show one file: only the last of them gives it back.
      const shared = kept.is === "ready" && [...this.#files.values()].some((each) => each.is === "ready" && each.url === kept.url);
      if (kept.is === "ready" && !shared) URL.revokeObjectURL(kept.url);
    }
    for (const listener of this.#listeners) listener();
  }
}
