import type Hyperbee from 'hyperbee2'
import { flushOverlay } from '../apply/flush-overlay.ts'
import { Overlay } from '../apply/overlay.ts'
import { OverlayBee } from '../apply/overlay-bee.ts'

/** The writable bee that `apply` gets, with savepoints and an undo that moves a pointer. */
export interface ViewWriter {
  /** What the user's `open` is given for writing. */
  readonly bee: OverlayBee | Hyperbee
  /** Length of the tree that is current. */
  readonly head: number
  /** Bytes waiting in memory. */
  readonly bytes: number
  mark(): number
  rollback(mark: number): void
  /** A unit is over: what it left open must not reach into the next one. */
  endUnit(): void
  /** Brings what waits into the tree, as one flush. */
  flush(): Promise<void>
  /** Back to the tree as it was at `length`; what waits is dropped. No I/O. */
  move(length: number): void
}

/** Units write to memory; a chunk of them becomes one flush of the tree. */
export class BufferedWriter implements ViewWriter {
  readonly bee: OverlayBee
  readonly #tree: Hyperbee
  readonly #overlay = new Overlay()

  constructor(tree: Hyperbee) {
    this.#tree = tree
    this.bee = new OverlayBee({ overlay: this.#overlay, base: () => tree })
  }

  get head(): number {
    return headOf(this.#tree)
  }

  get bytes(): number {
    return this.#overlay.bytes
  }

  mark(): number {
    return this.#overlay.mark()
  }

  rollback(mark: number): void {
    this.#overlay.rollback(mark)
  }

  endUnit(): void {
    this.bee.closeBatches()
  }

  async flush(): Promise<void> {
    if (this.#overlay.size > 0 || this.#overlay.cleared) await flushOverlay(this.#overlay, this.#tree)
    this.#overlay.reset()
  }

  move(length: number): void {
    this.#overlay.reset()
    this.#tree.move({ length })
  }
}

/** For views that need Hyperbee's internals: every unit writes to the tree itself. */
export class RawWriter implements ViewWriter {
  readonly bee: Hyperbee

  constructor(tree: Hyperbee) {
    this.bee = tree
  }

  get head(): number {
    return headOf(this.bee)
  }

  get bytes(): number {
    return 0
  }

  mark(): number {
    return this.head
  }

  rollback(mark: number): void {
    if (mark !== this.head) this.bee.move({ length: mark })
  }

  endUnit(): void {}

  async flush(): Promise<void> {}

  move(length: number): void {
    this.bee.move({ length })
  }
}

function headOf(tree: Hyperbee): number {
  return tree.head()?.length ?? 0
}
