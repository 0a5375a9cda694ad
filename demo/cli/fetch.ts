import { setTimeout as sleep } from 'node:timers/promises'
import { connectTcp } from '../../adapters/transport/tcp.ts'
import { AutobeeError } from '../../src/index.ts'
import { type Address, showAddress } from '../common/address.ts'
import { tellUnreachable } from '../common/network.ts'
import { UserError } from '../common/user-error.ts'
import type { Cli } from './cli.ts'
import { holdAlone } from './hold.ts'
import { aborted, Stopped } from './life.ts'
import { explain, type OpenPeer } from './peer.ts'
import { openOptions } from './perform.ts'

/** How often it looks whether something came, ms. */
const LOOK = 25

/**
 * Connects, and waits until what the other peers have is here.
 * @throws UserError `TIMEOUT` when nothing came at all; Stopped
 */
export async function fetchFirst(
  cli: Cli,
  { connect, seconds }: { connect: readonly Address[]; seconds: number }
): Promise<void> {
  const { folder, output, life } = cli
  const peer = await holdAlone(folder, { signal: life.interrupted, options: () => openOptions(cli) })
  const over = new AbortController()
  const signal = AbortSignal.any([life.interrupted, over.signal])
  const clients = connect.map(address => connectTcp(peer.kv, address))
  for (const [i, client] of clients.entries()) {
    tellUnreachable(client, showAddress(connect[i] as Address), sentence =>
      output.problem(new UserError(sentence, { code: 'TRANSPORT_FAILED' }))
    )
  }
  try {
    const failed = new Promise<never>((_, reject) => {
      peer.kv.on('error', error => reject(explain(error, folder)))
    })
    const late = sleep(seconds * 1000, 'late', { signal }).catch(() => 'stopped')
    const ended = await Promise.race([came(peer, signal), late, failed])
    if (life.interrupted.aborted) throw new Stopped()
    if (ended === 'late')
      throw new UserError(
        `Nothing came within ${seconds} seconds. The database is joined all the same: \`autobee serve\` goes on trying.`,
        { code: 'TIMEOUT' }
      )
  } finally {
    over.abort()
    await Promise.all(clients.map(client => client.close()))
    await peer.close()
  }
}

async function came({ kv }: OpenPeer, signal: AbortSignal): Promise<void> {
  const stopped = aborted(signal)
  while (!signal.aborted && [...kv.writers].every(({ length }) => length === 0)) {
    await Promise.race([sleep(LOOK), stopped])
  }
  // what cannot come now comes later
  await Promise.race([kv.flush().catch(ignoreWaiting), stopped])
}

function ignoreWaiting(error: unknown): void {
  if (!AutobeeError.is(error, 'WAITING')) throw error
}
