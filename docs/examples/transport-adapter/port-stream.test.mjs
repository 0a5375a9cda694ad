// node --test: every promise of the contract, and random walks
import { test } from 'node:test'
import { transportSuite } from 'autobee/testing'
import { PortStream } from './port-stream.mjs'

transportSuite({
  test,
  create() {
    const { port1, port2 } = new MessageChannel()
    const ends = [new PortStream(port1), new PortStream(port2)]
    return { ends, held: () => ends.filter(end => !end.destroyed).length, destroy() {} }
  },
  // the window, and what the two streams themselves hold
  bound: (1 << 20) + (1 << 18),
  halfOpen: true
})
