import type Hypercore from 'hypercore'

/** An Autobee, or a bare Corestore. */
interface Replicates {
  replicate(isInitiator: boolean): Hypercore.ReplicationStream
}

export function listen(db: Replicates): Promise<{ readonly port: number; close(): Promise<void> }>
export function connect(db: Replicates, port: number): Promise<() => Promise<void>>
