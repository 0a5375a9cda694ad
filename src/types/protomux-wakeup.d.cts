/** The wakeup protocol: peers tell each other which cores of a group have news. Written from its source (2.9). */
declare module 'protomux-wakeup' {
  import type Hypercore from 'hypercore'
  import type Protomux from 'protomux'

  namespace Wakeup {
    /** A writer's core and its length in blocks. */
    interface Writer {
      key: Uint8Array
      length: number
    }

    /** `hash`: 32 bytes, or null to be told everything. */
    interface Lookup {
      hash: Uint8Array | null
    }

    type Stream = Hypercore.ReplicationStream | Hypercore.NoiseStream

    interface Peer {
      /** For the user. */
      userData: unknown
      /** For the user. */
      clock: number
      readonly index: number
      /** The capability of the other side is not proved yet. */
      readonly pending: boolean
      readonly removed: boolean
      readonly active: boolean
      readonly stream: Hypercore.NoiseStream
      readonly channel: Protomux.Channel
    }

    interface Handlers {
      /** The group's id; default: the discovery key of the capability. 32 bytes. */
      discoveryKey?: Uint8Array | undefined
      /** Default true. Without an active session no channel is opened to new streams. */
      active?: boolean | undefined
      onpeeradd?: ((peer: Peer, session: Session) => void) | undefined
      onpeeractive?: ((peer: Peer, session: Session) => void) | undefined
      onpeerinactive?: ((peer: Peer, session: Session) => void) | undefined
      onpeerremove?: ((peer: Peer, session: Session) => void) | undefined
      onannounce?: ((writers: Writer[], peer: Peer, session: Session) => void) | undefined
      onlookup?: ((request: Lookup, peer: Peer, session: Session) => void) | undefined
      ondestroy?: ((session: Session) => void) | undefined
    }

    interface Session {
      readonly isActive: boolean
      readonly destroyed: boolean
      /** Peers that have proved the capability. */
      readonly peers: Peer[]
      hasStream(stream: Hypercore.NoiseStream): boolean
      addStream(stream: Stream): void
      getPeer(stream: Hypercore.NoiseStream): Peer | null
      /** Asks every peer what is new. */
      broadcastLookup(request?: Lookup): void
      lookup(peer: Peer, request?: Lookup): void
      lookupByStream(stream: Hypercore.NoiseStream, request?: Lookup): void
      announce(peer: Peer, writers: Writer[]): void
      announceByStream(stream: Hypercore.NoiseStream, writers: Writer[]): void
      active(): void
      inactive(): void
      destroy(): void
    }
  }

  class Wakeup {
    /** `onwakeup` is called with the id of a group that a peer opened and that has no session here. */
    constructor(
      onwakeup?: (id: Uint8Array, muxer: Protomux) => void | Promise<void>,
      options?: {
        /** In ms; default 2000: a group without sessions and active peers is dropped after five. */
        gcTickTime?: number
      }
    )

    readonly stats: {
      sessionsOpened: number
      sessionsClosed: number
      topicsAdded: number
      topicsGcd: number
      peersAdded: number
      peersRemoved: number
      wireAnnounce: { rx: number; tx: number }
      wireLookup: { rx: number; tx: number }
      wireInfo: { rx: number; tx: number }
    }

    /** `capability`: what both sides must know (the database's key, 32 bytes). */
    session(capability: Uint8Array, handlers?: Wakeup.Handlers): Wakeup.Session
    getSessions(capability: Uint8Array, options?: { discoveryKey?: Uint8Array }): Wakeup.Session[]
    hasStream(
      stream: Wakeup.Stream,
      capability?: Uint8Array,
      options?: { discoveryKey?: Uint8Array }
    ): boolean
    addStream(stream: Wakeup.Stream): void
    destroy(): void
  }

  export = Wakeup
}
