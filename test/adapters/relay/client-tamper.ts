import { WebSocket, WebSocketServer } from 'ws'
import { encodeFrame, RESETS, SUBPROTOCOL } from '../../../adapters/transport/relay/frames.ts'

/** Numbers from 0 to 1 out of a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export interface Tamperer {
  readonly url: string
  /** Frames that came by, and of those how many it spoiled. */
  readonly counts: { frames: number; spoiled: number }
  close(): Promise<void>
}

/** Sits between clients and an honest relay, and spoils one frame in so many, each way, in all ways there are. */
export async function tamperer(
  relay: string,
  { seed, oneIn }: { seed: number; oneIn: number }
): Promise<Tamperer> {
  const random = seeded(seed)
  const below = (most: number) => Math.floor(random() * most)
  const bytes = (length: number) => Uint8Array.from({ length }, () => below(256))
  const counts = { frames: 0, spoiled: 0 }
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => SUBPROTOCOL })
  const sockets = new Set<WebSocket>()

  const spoilers: ((frame: Uint8Array, send: (frame: Uint8Array) => void, held: Uint8Array[]) => void)[] = [
    // dropped
    () => {},
    // twice
    (frame, send) => {
      send(frame)
      send(frame)
    },
    // after the next one
    (frame, _send, held) => held.push(frame),
    // altered in one bit
    (frame, send) => {
      const altered = Uint8Array.from(frame)
      const at = below(altered.length)
      altered[at] = (altered[at] as number) ^ (1 << below(8))
      send(altered)
    },
    // cut short
    (frame, send) => send(frame.subarray(0, below(frame.length))),
    // longer
    (frame, send) => send(Uint8Array.from([...frame, ...bytes(1 + below(40))])),
    // another one before it
    (frame, send) => {
      send(randomFrame(below, bytes))
      send(frame)
    },
    // bytes before it
    (frame, send) => {
      send(bytes(below(80)))
      send(frame)
    }
  ]

  const pass = (from: WebSocket, to: WebSocket): void => {
    const held: Uint8Array[] = []
    const send = (frame: Uint8Array): void => {
      if (to.readyState === WebSocket.OPEN) to.send(frame)
    }
    from.on('message', data => {
      counts.frames++
      const frame = new Uint8Array(data as Buffer)
      const late = held.splice(0)
      if (below(oneIn) === 0) {
        counts.spoiled++
        spoilers[below(spoilers.length)]?.(frame, send, held)
      } else send(frame)
      for (const one of late) send(one)
    })
  }

  server.on('connection', near => {
    const far = new WebSocket(relay, SUBPROTOCOL, { perMessageDeflate: false })
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', code => {
        sockets.delete(one)
        if (other.readyState === WebSocket.CONNECTING) other.terminate()
        else other.close(code >= 3_000 ? code : 1_000)
      })
    }
    const waiting: Buffer[] = []
    const wait = (data: unknown): void => void waiting.push(data as Buffer)
    near.on('message', wait)
    far.once('open', () => {
      near.off('message', wait)
      pass(near, far)
      pass(far, near)
      for (const data of waiting) near.emit('message', data, true)
    })
  })
  await new Promise(resolve => server.once('listening', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/`,
    counts,
    async close() {
      for (const socket of sockets) socket.terminate()
      await new Promise(resolve => server.close(resolve))
    }
  }
}

/** A frame of any type, with numbers of which many fit. */
export function randomFrame(
  below: (most: number) => number,
  bytes: (length: number) => Uint8Array
): Uint8Array {
  const channel = below(4) === 0 ? below(2 ** 32) : below(6)
  const topic = bytes(32)
  const resets = Object.keys(RESETS) as (keyof typeof RESETS)[]
  const makers: (() => Uint8Array)[] = [
    () => encodeFrame({ type: 'hello', version: below(3), token: '' }),
    () => encodeFrame({ type: 'join', topic }),
    () => encodeFrame({ type: 'leave', topic }),
    () =>
      encodeFrame({
        type: 'welcome',
        version: 1,
        window: below(2 ** 32),
        frame: 1 + below(2 ** 31),
        heartbeat: 1
      }),
    () => encodeFrame({ type: 'open', channel, isInitiator: below(2) === 0, topic }),
    () => encodeFrame({ type: 'alive' }),
    () => encodeFrame({ type: 'refused', topic }),
    () => encodeFrame({ type: 'data', channel, payload: bytes(1 + below(200)) }),
    () => encodeFrame({ type: 'window', channel, credit: 1 + below(2 ** 32 - 1) }),
    () => encodeFrame({ type: 'end', channel }),
    () => encodeFrame({ type: 'reset', channel, reason: resets[below(resets.length)]! })
  ]
  return makers[below(makers.length)]!()
}
