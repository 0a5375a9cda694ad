import { describe, expect, test } from 'vitest'
import { topicOf } from './server-client.ts'
import { relays } from './server-net.ts'

const net = relays()

describe('pairing', () => {
  test('two that join a topic get one channel, the later one as initiator, and hear each other', async () => {
    const relay = await net.relay()
    const [a, b] = [await net.client(relay), await net.client(relay)]
    a.send({ type: 'join', topic: topicOf('one') })
    await a.flushed()
    b.send({ type: 'join', topic: topicOf('one') })
    const [forA, forB] = [await a.next('open'), await b.next('open')]
    expect([forA.isInitiator, forB.isInitiator]).toEqual([false, true])
    expect(forA.topic).toEqual(topicOf('one'))
    a.data(forA.channel, 'from a')
    b.data(forB.channel, 'from b')
    expect((await b.next('data')).channel).toBe(forB.channel)
    expect((await a.next('data')).channel).toBe(forA.channel)
    expect([a.text(forA.channel), b.text(forB.channel)]).toEqual(['from b', 'from a'])
    expect([relay.clients, relay.topics, relay.channels]).toEqual([2, 1, 1])
  })
})
