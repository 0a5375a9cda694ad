import type Hyperbee from 'hyperbee2'
import { changesBetween } from './apply/changes.ts'
import { type AutobeeError, toAutobeeError } from './errors.ts'
import type { AutobeeOptions } from './options.ts'
import type { HyperbeeView } from './view.ts'

export interface SnapshotOptions<View> {
  readonly user: AutobeeOptions<View>
  /** Length of the tree that users last saw, when the database was opened anew; default: the present one. */
  readonly since?: number | undefined
  openView(bee: HyperbeeView): View
  onerror(error: AutobeeError): void
}

/** What users read: the view's tree as of the last cycle that is durable, and their own view on it. */
export class Snapshot<View> {
  readonly bee: Hyperbee
  readonly view: View
  readonly #o: SnapshotOptions<View>
  readonly #tree: Hyperbee
  #head: number
  #updating: Promise<void> = Promise.resolve()

  constructor(tree: Hyperbee, options: SnapshotOptions<View>) {
    this.#o = options
    this.#tree = tree
    this.#head = options.since ?? tree.head()?.length ?? 0
    this.bee = tree.checkout({ length: this.#head })
    this.view = options.openView(this.bee)
  }

  /** Length of the tree that users see. */
  get head(): number {
    return this.#head
  }

  get isBehind(): boolean {
    return (this.#tree.head()?.length ?? 0) !== this.#head
  }

  /** Moves on to the tree's present head, and tells the user's `update` handler what is different. */
  move(): void {
    const length = this.#tree.head()?.length ?? 0
    if (length === this.#head) return
    const from = this.#tree.checkout({ length: this.#head })
    this.#head = length
    this.bee.move({ length, writable: false })
    const { user, onerror } = this.#o
    if (!user.update) return
    const to = this.#tree.checkout({ length })
    const tell = async () => user.update?.(this.view, changesBetween(from, to))
    this.#updating = this.#updating.then(tell).catch(error => {
      onerror(toAutobeeError(error, { code: 'APPLY_FAILED', message: 'the update handler threw' }))
    })
  }

  /** The update handler has been told of all there was; it reads the tree, which has to stay open until then. */
  async told(): Promise<void> {
    await this.#updating
  }

  /** Waits for the update handler, then closes the user's view. */
  async close(): Promise<void> {
    await this.#updating
    await closeView(this.view, this.#o)
  }
}

/** Calls the user's `close`; what it throws becomes an `error` event, since closing goes on. */
export async function closeView<View>(
  view: View,
  { user, onerror }: Pick<SnapshotOptions<View>, 'user' | 'onerror'>
): Promise<void> {
  try {
    await user.close?.(view)
  } catch (error) {
    onerror(toAutobeeError(error, { code: 'APPLY_FAILED', message: 'close(view) threw' }))
  }
}
