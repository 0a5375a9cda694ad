import b4a from 'b4a'
import { AutobeeError } from '../../src/index.ts'
import { TransportBase } from './base.ts'
import { failure } from './failure.ts'
import { SwarmLink } from './swarm-link.ts'
import { adaptOlder, isOlder } from './swarm-older.ts'
import type {
  JoinSwarmOptions,
  OlderSwarm,
  ReplicatesStreams,
  Swarm,
  SwarmConnection,
  SwarmHandle,
  SwarmSession
} from './swarm-types.ts'
import { checkTarget, targetClosed } from './target.ts'

export type {
  Peer,
  RefusalReason,
  TransportEvents,
  TransportHandle,
  TransportStatus
} from './handle.ts'
export type * from './swarm-types.ts'

const TOPIC_BYTES = 32

/**
 * Replicates an Autobee or a Corestore with whoever is found under the same topics by a Hyperswarm, or by anything
 * shaped like one, or like one of version 2 (`OlderSwarm`). It uses every connection of the swarm, also those that are
 * there already or that were made for another topic: what is replicated goes only to those who have its key.
 *
 * `close()` leaves the topics, and ends the connections that no other handle on the swarm uses; the swarm is the
 * caller's, and stays. It ends by itself when `target` closes (`error` event, `CLOSED`).
 * @throws AutobeeError `INVALID_ARGUMENT`: no swarm, no topic (an Autobee has its topic from `ready()` on), a topic of
 *   another length, neither server nor client. `CLOSED`: `target` is closed, or the swarm destroyed. `TRANSPORT_FAILED`,
 *   reason `JOIN`: a swarm of version 2 threw, such as at a topic that is no Buffer
 */
export function joinSwarm(
  target: ReplicatesStreams,
  swarm: Swarm | OlderSwarm,
  options: JoinSwarmOptions = {}
): SwarmHandle {
  checkTarget(target)
  if (typeof swarm?.join !== 'function' || typeof swarm.on !== 'function')
    throw new AutobeeError('INVALID_ARGUMENT', 'the second argument is a Hyperswarm, or shaped like one')
  if (swarm.destroyed) throw new AutobeeError('CLOSED', 'the swarm is destroyed')
  const { server = true, client = true } = options
  if (!server && !client)
    throw new AutobeeError('INVALID_ARGUMENT', 'who is neither server nor client meets nobody')
  const topics = toTopics(target, options.topics)
  const joined = isOlder(swarm) ? adaptOlder(swarm) : swarm
  const sessions = joinAll(joined, { topics, server, client })
  return new SwarmMember(target, joined, { topics, sessions, isServer: server })
}

/** All of them, or none. */
function joinAll(
  swarm: Swarm,
  { topics, server, client }: { topics: readonly Uint8Array[]; server: boolean; client: boolean }
): SwarmSession[] {
  const sessions: SwarmSession[] = []
  try {
    for (const topic of topics) sessions.push(swarm.join(topic, { server, client }))
    return sessions
  } catch (error) {
    // it is told already that it failed
    void Promise.allSettled(sessions.map(session => session.destroy()))
    throw error
  }
}

interface Joined {
  readonly topics: readonly Uint8Array[]
  readonly sessions: readonly SwarmSession[]
  readonly isServer: boolean
}

class SwarmMember extends TransportBase implements SwarmHandle {
  readonly topics: readonly Uint8Array[]
  readonly #target: ReplicatesStreams
  readonly #swarm: Swarm
  readonly #joined: Joined
  readonly #links = new Map<SwarmConnection, SwarmLink>()
  readonly #flushed: Promise<void>
  readonly #onconnection = (connection: SwarmConnection): void => this.#use(connection)
  #stopWaiting = (): void => {}

  constructor(target: ReplicatesStreams, swarm: Swarm, joined: Joined) {
    super(target, 'connecting')
    this.topics = joined.topics
    this.#target = target
    this.#swarm = swarm
    this.#joined = joined
    keepErrorsHarmless(swarm)
    swarm.on('connection', this.#onconnection)
    const closing = new Promise<void>(resolve => {
      this.#stopWaiting = resolve
    })
    this.#flushed = Promise.race([this.#flush(), closing])
    // listeners first
    queueMicrotask(() => {
      for (const connection of swarm.connections ?? []) this.#use(connection)
    })
  }

  flushed(): Promise<void> {
    return this.#flushed
  }

  protected async disconnect(): Promise<void> {
    this.#swarm.off('connection', this.#onconnection)
    this.#stopWaiting()
    // begun first, or an older swarm would connect anew at once; what the DHT does not hear of it forgets by itself
    const left = Promise.allSettled(this.#joined.sessions.map(session => session.destroy()))
    await Promise.all([...this.#links.values()].map(link => link.close()))
    await left
  }

  get #idle(): 'listening' | 'waiting' {
    return this.#joined.isServer ? 'listening' : 'waiting'
  }

  #use(connection: SwarmConnection): void {
    if (this.isClosing || connection.destroyed || this.#links.has(connection)) return
    try {
      const link: SwarmLink = new SwarmLink(this.#target, connection, (peer, error) => {
        this.#links.delete(connection)
        const where = peer?.address ?? 'a peer'
        if (error || !peer) this.fail(failure(`the connection with ${where} failed`, error))
        if (peer) this.removePeer(peer, this.#idle)
      })
      this.#links.set(connection, link)
      const open = (isOpen: boolean): void => {
        if (isOpen && this.#links.get(connection) === link && !this.isClosing) this.addPeer(link.open())
      }
      // those of Hyperswarm are open, others have yet to shake hands
      if (connection.noiseStream.connected) open(true)
      else void connection.noiseStream.opened.then(open)
    } catch (error) {
      this.endWithTarget(AutobeeError.is(error, 'CLOSED') ? error : targetClosed(error))
    }
  }

  async #flush(): Promise<void> {
    try {
      await Promise.all(this.#joined.sessions.map(session => session.flushed?.()))
      await this.#swarm.flush?.()
    } catch (error) {
      this.fail(failure('the topics could not be looked up', error as Error))
    }
    if (this.peers.length === 0) this.setStatus(this.#idle)
  }
}

const guarded = new WeakSet<Swarm>()

/**
 * A swarm that outlives its handles goes on taking connections, of those who had them before, and nobody listens for
 * their errors: that would end the process.
 */
function keepErrorsHarmless(swarm: Swarm): void {
  if (guarded.has(swarm)) return
  guarded.add(swarm)
  swarm.on('connection', connection => connection.on('error', () => {}))
}

function toTopics(target: ReplicatesStreams, given?: Iterable<Uint8Array>): Uint8Array[] {
  const topics = new Map<string, Uint8Array>()
  for (const topic of given ?? (target.discoveryKey ? [target.discoveryKey] : [])) {
    if (!(topic instanceof Uint8Array) || topic.byteLength !== TOPIC_BYTES)
      throw new AutobeeError('INVALID_ARGUMENT', `topics is a list of topics of ${TOPIC_BYTES} bytes each`)
    topics.set(b4a.toString(topic, 'hex'), topic)
  }
  if (topics.size > 0) return [...topics.values()]
  throw new AutobeeError(
    'INVALID_ARGUMENT',
    'no topic: await ready() of an Autobee first; for a Corestore, give topics, such as [core.discoveryKey]'
  )
}
