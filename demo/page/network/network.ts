/** The network of a board, in the tab that owns the database: relays, peers, what they have. All tabs are told of it. */

import { connectRelay, type RelayHandle } from '../../../adapters/transport/websocket.ts'
import type { Autobee } from '../../../src/index.ts'
import { Holdings } from './holdings.ts'
import type { NetworkSettings, NetworkState, PeerState } from './state.ts'
import { hexOf, Names } from './who.ts'

/** How often what peers have is looked at, ms: no event tells it. */
const LOOK = 1_000

export class Network {
  readonly #db: Autobee
  readonly #tell: (state: NetworkState) => void
  readonly #holdings: Holdings
  readonly #names: Names
  #settings: NetworkSettings
  #handle: RelayHandle | null = null
  #problem: string | null = null
  #told = ''
  #timer: ReturnType<typeof setInterval> | undefined
  #changing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(
    db: Autobee,
    { settings, tell }: { settings: NetworkSettings; tell(state: NetworkState): void }
  ) {
    this.#db = db
    this.#tell = tell
    this.#settings = settings
    this.#holdings = new Holdings(db)
    this.#names = new Names(() => db.local.key, this.#look)
    db.on('update', this.#look)
    this.#timer = setInterval(this.#look, LOOK)
    this.#changing = this.#reconnect()
  }

  /** Cuts the network, joins it again, or takes other relays. */
  change(change: Partial<NetworkSettings>): Promise<void> {
    this.#settings = { ...this.#settings, ...change }
    this.#changing = this.#changing.then(() => this.#reconnect())
    return this.#changing
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    this.#db.off('update', this.#look)
    await this.#changing
    await this.#handle?.close()
    await this.#holdings.close()
  }

  async #reconnect(): Promise<void> {
    await this.#handle?.close()
    this.#handle = null
    this.#problem = null
    const { isCut, relays, direct } = this.#settings
    if (!isCut && relays.length > 0 && !this.#closed) {
      try {
        this.#handle = this.#follow(connectRelay(this.#db, relays, { ...(direct && (await upgrade())) }))
      } catch (error) {
        this.#problem = error instanceof Error ? error.message : String(error)
      }
    }
    this.#look()
  }

  #follow(handle: RelayHandle): RelayHandle {
    handle.on('peer', peer => {
      this.#names.ask(peer)
      this.#look()
    })
    for (const event of ['peer-close', 'status', 'relay'] as const) handle.on(event, this.#look)
    // what fails is dialled again, and seen by the relay's status; only a relay that gives a reason is worth a line
    handle.on('error', ({ reason }) => {
      this.#problem = reason && /^[A-Z]+$/.test(reason) && GIVEN.has(reason) ? reason : null
      this.#look()
    })
    return handle
  }

  readonly #look = (): void => {
    if (this.#closed) return
    const state = this.#state()
    const text = JSON.stringify(state)
    if (text === this.#told) return
    this.#told = text
    this.#tell(state)
  }

  #state(): NetworkState {
    const handle = this.#handle
    const peers = (handle?.peers ?? []).map((peer): PeerState => {
      const id = peer.publicKey ? hexOf(peer.publicKey) : peer.address
      return { id, kind: peer.kind, writer: this.#names.of(peer), ...this.#holdings.of(peer.publicKey) }
    })
    return {
      ...this.#settings,
      states: (handle?.relays ?? []).map(({ url, status }) => ({ url, status })),
      peers,
      own: this.#db.opened ? this.#db.local.length : 0,
      problem: this.#problem
    }
  }
}

/** Why a relay lets nobody in: somebody has to do something about it. */
const GIVEN = new Set(['TOKEN', 'FULL', 'URL', 'FLOOD', 'SLOW', 'PROTOCOL'])

async function upgrade() {
  const { webRtc } = await import('../../../adapters/transport/webrtc.ts')
  return { upgrade: webRtc() }
}
