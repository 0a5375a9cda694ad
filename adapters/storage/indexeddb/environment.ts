/** What a store needs of its page or worker; tests hand in others. */
export interface Environment {
  /** undefined where there is none. */
  readonly indexedDB: IDBFactory | undefined
  /** undefined on pages that are not secure (http, other than localhost), and in older browsers. */
  readonly locks: LockManager | undefined
  readonly channel: ((name: string) => BroadcastChannel) | undefined
  /** Says `pagehide` and `pageshow`; undefined in workers. */
  readonly page: EventTarget | undefined
  /** Says `freeze` and `resume`, in Chromium; undefined in workers. */
  readonly document: EventTarget | undefined
  /** ms since 1970: the one clock that all tabs share. */
  now(): number
  /**
   * ms; an owner that is not heard of for so long, is taken for gone. A frozen tab is not heard of; it finds out that
   * it lost its place before it reads or writes anything.
   */
  readonly lease: number
}

export function browserEnvironment(): Environment {
  const scope = globalThis as Partial<typeof globalThis>
  const isPage = scope.document !== undefined
  return {
    indexedDB: readable(() => scope.indexedDB),
    locks: scope.navigator?.locks as LockManager | undefined,
    channel: scope.BroadcastChannel && (name => new BroadcastChannel(name)),
    page: isPage ? (scope.window as EventTarget | undefined) : undefined,
    document: scope.document,
    now: () => Date.now(),
    lease: 15_000
  }
}

/** Where storage is switched off, some browsers throw at the mere name. */
function readable<T>(get: () => T): T | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}
