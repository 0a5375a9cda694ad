import NoiseSecretStream from '@hyperswarm/secret-stream'
import b4a from 'b4a'
import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import crypto from 'hypercore-crypto'
import Protomux from 'protomux'
import { describe, expect, test } from 'vitest'
import { identityOf } from '../../../adapters/transport/websocket.ts'
import { contents, op, sees } from '../../core/harness.ts'
import { until } from '../../support/peers.ts'
import { record } from '../network.ts'
import { fakeRelay, type Served } from './client-fake.ts'
import { Caller, TOPIC } from './client-lines.ts'
import { allMet, clients } from './client-net.ts'

const net = clients()
const SECRET = 'nobody else may read this'

async function two() {
  const a = await net.peer()
  const b = await net.peer(a.key)
  const [left, right] = [await identityOf(a), await identityOf(b)]
  return { a, b, left: left.publicKey, right: right.publicKey }
}

describe('allow', () => {
  test('as a list of keys: those are let in, both ways', async () => {
    const relay = await net.relay()
    const { a, b, left, right } = await two()
    const members = [net.member(a, relay, { allow: [right] }), net.member(b, relay, { allow: [left] })]
    await allMet(...members)
    await a.append(op({ put: { k: 1 } }))
    await sees(b, 'k')
  })

  test('refuses everybody else: nothing is replicated, both sides are told', async () => {
    const relay = await net.relay()
    const { a, b, right } = await two()
    const stranger = await net.peer(a.key)
    const near = net.member(a, relay, { allow: [right] })
    const seen = record(near)
    const out = net.member(stranger, relay)
    const refused = record(out)
    await until(() => seen.refused.length > 0 && refused.errors.length > 0)
    expect(seen.refused).toEqual(['NOT_ALLOWED'])
    expect(refused.errors).toMatchObject([{ code: 'TRANSPORT_FAILED', reason: 'REFUSED' }])
    const far = net.member(b, relay, { allow: async key => b4a.equals(key, near.publicKey!) })
    await until(() => near.peers.length === 1 && far.peers.length === 1)
    await a.append(op({ put: { k: SECRET } }))
    await sees(b, 'k')
    expect(near.peers[0]?.publicKey).toEqual(right)
    expect(await contents(stranger)).toEqual({})
  })

  test('of only one side is enough to keep both apart', async () => {
    const relay = await net.relay()
    const { a, b } = await two()
    const near = record(net.member(a, relay, { allow: [] }))
    const far = record(net.member(b, relay))
    await until(() => near.refused.length > 0 && far.errors.length > 0)
    // the other side may have replicated with nobody for a moment
    expect(near.peers).toBe(0)
    await until(() => relay.channels === 0)
  })

  test('that throws, or rejects, refuses, with an error', async () => {
    const relay = await net.relay()
    const { a, b } = await two()
    const fault = new Error('no list today')
    const handles = [
      net.member(a, relay, {
        allow() {
          throw fault
        }
      }),
      net.member(b, relay, { allow: () => Promise.reject(fault) })
    ]
    const seen = handles.map(record)
    await until(() => seen.some(({ refused }) => refused.length > 0))
    const errors = seen.flatMap(({ errors }) => errors).filter(({ reason }) => reason === 'ALLOW')
    expect(errors[0]).toMatchObject({ code: 'TRANSPORT_FAILED', cause: fault })
    expect(handles.flatMap(({ peers }) => peers)).toEqual([])
  })

  test('is asked before anything is replicated, however long it takes', async () => {
    const relay = await net.relay()
    const { a, b } = await two()
    let say: (isAllowed: boolean) => void = () => {}
    const asked = new Promise<boolean>(resolve => {
      say = resolve
    })
    let calls = 0
    const near = net.member(a, relay, {
      allow: () => {
        calls++
        return asked
      }
    })
    const far = net.member(b, relay)
    await until(() => calls === 1 && far.peers.length === 1)
    const { noiseStream } = far.peers[0]!.stream
    const before = noiseStream.rawBytesRead
    await b.append(op({ put: { k: 1 } })).catch(() => {})
    expect([near.peers, noiseStream.rawBytesRead]).toEqual([[], before])
    say(true)
    await allMet(near, far)
    await a.append(op({ put: { k: 1 } }))
    await sees(b, 'k')
  })

  test('holds back whom it has not decided about: no more than the window is taken', async () => {
    const relay = await net.relay({ window: 512 << 10 })
    const { a } = await two()
    let say: (isAllowed: boolean) => void = () => {}
    const member = net.member(a, relay, {
      topics: [TOPIC],
      allow: () => new Promise<boolean>(resolve => (say = resolve))
    })
    const caller = new Caller(relay.url)
    net.onend(() => caller.line.close())
    await until(() => caller.channels.length === 1)
    const end = new NoiseSecretStream(caller.starts[0]!, caller.channels[0]!)
    end.on('error', () => {})
    await end.opened
    let hasDrained = false
    end.on('drain', () => {
      hasDrained = true
    })
    const before = relay.stats.bytesOut
    end.write(b4a.alloc(4 << 20))
    // the window is full, and this went through the relay after it
    await until(() => relay.stats.bytesOut - before >= 512 << 10)
    const mark = net.member(await net.store(), relay, { topics: [crypto.randomBytes(32)] })
    await until(() => mark.status === 'listening')
    expect([hasDrained, member.peers.length]).toEqual([false, 0])
    expect(relay.stats.bytesOut - before).toBeLessThan(600 << 10)
    say(true)
    await until(() => relay.stats.bytesIn > 4 << 20)
    await until(() => hasDrained || end.destroyed)
  })

  test('can change its mind: joining once more asks again', async () => {
    const relay = await net.relay()
    const { a, b } = await two()
    let isOpen = false
    const near = net.member(a, relay, { allow: () => isOpen })
    const far = net.member(b, relay)
    const seen = record(near)
    await until(() => seen.refused.length > 0)
    isOpen = true
    near.join(a.discoveryKey!)
    await allMet(near, far)
  })
})

/** A relay that ends the encryption of both sides with a key pair of its own, passes all on and keeps what it reads. */
async function manInTheMiddle() {
  const keyPair = crypto.keyPair()
  const read: Uint8Array[] = []
  const ends: Hypercore.NoiseStream[] = []
  const serve = async (served: Served): Promise<void> => {
    const isInitiator = ends.length > 0
    const bytes = await served.open(1, { isInitiator: !isInitiator })
    const end = new NoiseSecretStream(isInitiator, bytes, { keyPair })
    end.on('error', () => {})
    ends.push(end)
    const other = () => ends.find(one => one !== end)
    end.on('data', data => {
      read.push(b4a.from(data as Uint8Array))
      const write = () => other()?.write(b4a.from(data as Uint8Array))
      if (other()) write()
      else until(() => other() !== undefined).then(write)
    })
  }
  const relay = await fakeRelay(served => void serve(served).catch(() => {}))
  net.onend(() => relay.close())
  return {
    url: relay.url,
    publicKey: keyPair.publicKey,
    text: () => b4a.toString(b4a.concat(read), 'latin1'),
    ends
  }
}

/** A stranger's own channel for a core of which it knows the discovery key, and not the key. */
function askFor(discoveryKey: Uint8Array, stream: Hypercore.NoiseStream): { closed: boolean } {
  const state = { closed: false }
  const channel = Protomux.from(stream).createChannel({
    protocol: 'hypercore/alpha',
    id: discoveryKey,
    handshake: {
      preencode: (state: { end: number }) => {
        state.end += 33
      },
      encode: (state: { buffer: Uint8Array; start: number }) => {
        // flags, and a capability that is a guess
        state.buffer[state.start] = 0
        state.buffer.set(crypto.randomBytes(32), state.start + 1)
        state.start += 33
      },
      decode: () => null
    } as never,
    onclose: () => {
      state.closed = true
    }
  })
  channel?.open()
  return state
}

describe('a man in the middle', () => {
  test('without pinning sees discovery keys, and gets no block and nothing readable', async () => {
    const { a, b } = await two()
    await a.append(op({ put: { secret: SECRET } }))
    const middle = await manInTheMiddle()
    const members = [net.member(a, middle.url), net.member(b, middle.url)]
    const seen = members.map(record)
    // both prove to him that they know the keys, in a way that holds for their session with him and for no other one
    await until(() => seen.every(({ peers }) => peers > 0) && seen.some(({ errors }) => errors.length > 0))
    const causes = seen.flatMap(({ errors }) => errors.map(({ cause }) => (cause as { code?: string }).code))
    expect(causes).toContain('INVALID_CAPABILITY')
    expect(middle.text()).toContain(b4a.toString(a.local.discoveryKey, 'latin1'))
    await a.append(op({ put: { secret2: SECRET } }))
    expect(middle.text()).not.toContain(SECRET)
    for (const key of [a.key, a.local.key]) expect(middle.text()).not.toContain(b4a.toString(key, 'latin1'))
    expect(await contents(b)).toEqual({})
    // the same two, over an honest relay
    for (const member of members) await member.close()
    const relay = await net.relay()
    await allMet(net.member(a, relay), net.member(b, relay))
    await sees(b, 'secret', 'secret2')
  })

  test('with pinning has no session with either of them', async () => {
    const { a, b, left, right } = await two()
    await a.append(op({ put: { secret: SECRET } }))
    const middle = await manInTheMiddle()
    const members = [
      net.member(a, middle.url, { allow: [right] }),
      net.member(b, middle.url, { allow: [left] })
    ]
    const seen = members.map(record)
    await until(() => seen.every(({ refused }) => refused.length > 0))
    expect(seen.map(({ peers }) => peers)).toEqual([0, 0])
    expect(middle.text()).toBe('')
  })
})

test('a stranger who knows the topic and not the key gets no block', async () => {
  const relay = await net.relay()
  const a = await net.peer()
  await a.append(op({ put: { secret: SECRET } }))
  const store = await net.store()
  const near = net.member(a, relay)
  const stranger = net.member(store, relay, { topics: [a.discoveryKey!] })
  await allMet(near, stranger)
  const heard: Uint8Array[] = []
  const { stream } = stranger.peers[0]!
  stream.noiseStream.on('data', data => heard.push(b4a.from(data as Uint8Array)))
  for (const core of [a.local, { discoveryKey: a.discoveryKey! }])
    askFor(core.discoveryKey, stream.noiseStream)
  await until(() => stream.destroyed || heard.length > 0)
  await a.append(op({ put: { more: SECRET } }))
  const honest = await net.peer(a.key)
  net.member(honest, relay)
  await sees(honest, 'secret', 'more')
  expect(b4a.toString(b4a.concat(heard), 'latin1')).not.toContain(SECRET)
  expect(await blocksIn(store)).toBe(0)
})

async function blocksIn(store: Corestore): Promise<number> {
  let blocks = 0
  for await (const discoveryKey of store.list()) {
    const core = store.get({ discoveryKey })
    await core.ready()
    blocks += core.length
    await core.close()
  }
  return blocks
}
