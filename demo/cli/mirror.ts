import crypto from 'hypercore-crypto'
import { openStore } from '../../adapters/storage/file.ts'
import { createMirror } from '../../adapters/transport/mirror.ts'
import { toHex } from '../common/keys.ts'
import type { Cli } from './cli.ts'

export interface MirrorOptions {
  /** A folder; made when it is not there. */
  readonly folder: string
  /** Public keys as hex. */
  readonly allow: readonly string[]
  /** Bytes per database. */
  readonly quota: number
}

export interface RunningMirror {
  /** Public key as hex. */
  readonly key: string
  close(): Promise<void>
}

/** A mirror on a relay of this process. @throws AutobeeError `STORE_LOCKED` and others of the store */
export async function startMirror(
  { output }: Cli,
  { folder, allow, quota, relay, token }: MirrorOptions & { relay: string; token: string | null }
): Promise<RunningMirror> {
  const store = await openStore(folder)
  try {
    const mirror = await createMirror({
      store,
      relays: relay,
      allow,
      quota,
      ...(token !== null && { token })
    })
    // never the key itself: who reads the log could read the database
    const topicOf = (key: Uint8Array): string => toHex(crypto.discoveryKey(key))
    mirror.on('database', ({ key }) => {
      const topic = topicOf(key)
      output.row({ event: 'mirror', topic }, `Mirroring: ${topic}`)
    })
    mirror.on('forgotten', ({ key }) => {
      const topic = topicOf(key)
      output.row({ event: 'mirror-end', topic }, `Mirrored no longer: ${topic}`)
    })
    mirror.on('refused', ({ publicKey, reason, id }) => {
      const peer = toHex(publicKey)
      const topic = id === null ? null : topicOf(Buffer.from(id, 'hex'))
      output.row({ event: 'mirror-refused', peer, reason, topic }, `Not mirrored: for ${peer} (${reason})`)
    })
    mirror.on('error', error => output.problem(error))
    return {
      key: toHex(mirror.publicKey),
      async close() {
        await mirror.close()
        await store.close()
      }
    }
  } catch (error) {
    await store.close()
    throw error
  }
}
