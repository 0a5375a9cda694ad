import { AutobeeError } from '../../../src/index.ts'
import { closedError, type State } from './state.ts'

/** What a batch or an iterator needs of its session, which stays in use until the handle is released. */
export interface Handle {
  readonly state: State
  release(): void
}

export interface BatchOptions {
  /** Destroyed by its flush. Default false: it can be filled again. */
  autoDestroy?: boolean
}

/** A batch is filled, then flushed, and then filled again or destroyed. */
export class BatchLife {
  readonly #handle: Handle
  readonly #autoDestroy: boolean
  #now: 'filling' | 'flushing' | 'destroyed' = 'filling'

  constructor(handle: Handle, { autoDestroy = false }: BatchOptions) {
    this.#handle = handle
    this.#autoDestroy = autoDestroy
  }

  /** @throws AutobeeError `INVALID_ARGUMENT` while it is flushed, `STORE_CLOSED` when it was destroyed */
  checkFilling(): void {
    if (this.#now === 'destroyed') throw destroyedError()
    if (this.#now === 'flushing')
      throw new AutobeeError('INVALID_ARGUMENT', 'this batch is being flushed already')
  }

  begin(): void {
    this.checkFilling()
    this.#now = 'flushing'
  }

  end(): void {
    this.#now = 'filling'
    // what waited in a suspended store that is closed now can never be flushed
    if (this.#autoDestroy || this.#handle.state.closing) this.destroy()
  }

  /** False when it was destroyed before. */
  destroy(): boolean {
    if (this.#now === 'destroyed') return false
    this.checkFilling()
    this.#now = 'destroyed'
    this.#handle.release()
    return true
  }
}

export function destroyedError(): AutobeeError {
  return new AutobeeError('STORE_CLOSED', 'this batch was destroyed before it was flushed', {
    cause: closedError()
  })
}
