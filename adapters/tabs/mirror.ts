import b4a from 'b4a'
import type Hyperbee from 'hyperbee2'
import type { AutobeeError, HyperbeeView, WriterInfo } from '../../src/index.ts'
import type { Head } from '../../src/keys.ts'
import type { AutobeeOptions } from '../../src/options.ts'
import { Snapshot } from '../../src/snapshot.ts'
import type { DatabaseState, Update } from './messages.ts'
import { updated } from './state.ts'
import { openTree, type TabTree } from './tab-core.ts'

export interface MirrorOptions<View> {
  readonly user: Pick<AutobeeOptions<View>, 'update' | 'close'>
  openView(bee: HyperbeeView): View
  onerror(error: AutobeeError): void
  /** A block of the view's core. */
  read(index: number): Promise<Uint8Array | null>
}

/** What this tab knows of the database, and the view that its user reads. It stays when owners change. */
export class Mirror<View> {
  readonly #o: MirrorOptions<View>
  #state: DatabaseState | null = null
  #writers: readonly WriterInfo[] = []
  #oplogs: readonly Head[] = []
  #tree: TabTree | null = null
  #snapshot: Snapshot<View> | null = null
  /** Ends of views on trees that were lost. */
  #closing: Promise<void> = Promise.resolve()

  constructor(options: MirrorOptions<View>) {
    this.#o = options
  }

  get state(): DatabaseState | null {
    return this.#state
  }

  get writers(): readonly WriterInfo[] {
    return this.#writers
  }

  get oplogs(): readonly Head[] {
    return this.#oplogs
  }

  get snapshot(): Snapshot<View> | null {
    return this.#snapshot
  }

  /** Takes in what the owner told; the view is that of the moment when it was told. */
  take({ state, writers, oplogs }: Update): void {
    this.#state = state
    this.#writers = updated(this.#writers, writers)
    this.#oplogs = updated(this.#oplogs, oplogs)
    this.#move(state.view)
  }

  /** Waits for the user's `update`, and closes their view. */
  async close(): Promise<void> {
    await this.#closing
    await this.#snapshot?.close()
    this.#tree?.close()
  }

  #move(view: DatabaseState['view']): void {
    const tree = this.#tree
    const isSame = tree && b4a.equals(tree.key, view.key) && tree.fork === view.fork
    // a power cut may take the end of it: what comes in its place has the same numbers
    const isWhole = isSame && view.length >= headOf(tree.bee)
    if (!tree || !isWhole) {
      this.#open(view)
      return
    }
    tree.length = Math.max(tree.length, view.length)
    tree.bee.move({ length: view.head, writable: false })
    this.#snapshot?.move()
  }

  #open({ key, fork, length, head }: DatabaseState['view']): void {
    const { openView, user, onerror, read } = this.#o
    const [tree, snapshot] = [this.#tree, this.#snapshot]
    if (snapshot) this.#closing = this.#closing.then(() => snapshot.close()).then(() => tree?.close())
    this.#tree = openTree({ key, fork, read })
    this.#tree.length = length
    this.#tree.bee.move({ length: head, writable: false })
    this.#snapshot = new Snapshot<View>(this.#tree.bee, { user, openView, onerror })
  }
}

function headOf(bee: Hyperbee): number {
  return bee.head()?.length ?? 0
}
