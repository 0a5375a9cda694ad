import type Hyperbee from 'hyperbee2'

/**
 * The view as Hyperbee 2 has it. In `apply` it is writable (`write()`), and entries that are not in the tree yet
 * have `seq: -1, core: null`; as `db.view` it is a read-only snapshot that moves on after each cycle.
 */
export type HyperbeeView = Hyperbee
