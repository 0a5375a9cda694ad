/** What the parent asks a child process for, and what it is told. One process per task: its memory is that task's. */

export interface GrowTask {
  readonly task: 'grow'
  readonly dir: string
  /** Entries that are there already. */
  readonly from: number
  readonly to: number
}

export interface Grown {
  /** Entries after the appends that were measured. */
  readonly entries: number
  /** Hex. */
  readonly key: string
  /** Entries per second while it grew, 100 appends at a time. */
  readonly growing: number
  /** Single appends per second at that size, and a bare Hypercore's by turns with them. */
  readonly ours: number
  readonly bare: number
  /** Medians of the turns' ratios: to the Hypercore, and to an Autobee with few entries. */
  readonly toBare: number
  readonly toSmall: number
  /** Per append, of all threads, µs. */
  readonly cpu: number
  /** Per append. */
  readonly readBatches: number
  readonly bytesWritten: number
  /** When it has grown; then the process's highest until there. */
  readonly memory: Memory
  readonly peak: number
}

export interface OpenTask {
  readonly task: 'open'
  readonly dir: string
  readonly entries: number
}

export interface Opened {
  /** ms: the Corestore by itself. */
  readonly store: number
  /** ms: `new Autobee`, `ready()` and a `get`. */
  readonly database: number
  readonly memory: Memory
}

/** Serves until the parent ends it. */
export interface ServeTask {
  readonly task: 'serve'
  readonly dir: string
}

export interface Serving {
  readonly port: number
}

export interface ReadTask {
  readonly task: 'read'
  readonly dir: string
  readonly key: string
  readonly port: number
  readonly entries: number
}

export interface Read {
  /** ms from connecting until the last entry shows. */
  readonly ms: number
  readonly memory: Memory
  readonly peak: number
}

export type Task = GrowTask | OpenTask | ServeTask | ReadTask

/** Bytes, after garbage collection. */
export interface Memory {
  /** Of the process: the store's caches are in it. */
  readonly rss: number
  /** Of JavaScript: objects, and the bytes of buffers. */
  readonly heap: number
}

export type Message = { readonly progress: number } | { readonly done: unknown }
