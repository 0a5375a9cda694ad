/** Seeds that failed once, and what was wrong. They run always. */
export const REGRESSIONS: readonly { readonly seed: number; readonly what: string }[] = [
  // SESSION_CLOSED: update handlers read cores that close() and setLocal() had closed already
  { seed: 4, what: 'the update handler reads changes while the database closes' },
  // STORE_FAILED: a stranger forgotten after a refusal was read again from its first unit
  { seed: 10, what: 'a stranger is let in with one unit and refused with the next' },
  // Hypercore did not tell of a length that it could not prove at first; in a third of the runs
  { seed: 17, what: 'the last entries come through a peer that got them in pieces' },
  // undid and applied again at every opening
  { seed: 174, what: 'a unit that never gets its own turn steers the order' },
  // the boot record named the oplog from before
  { seed: 85, what: 'setLocal takes tentative units out of the order' }
]
