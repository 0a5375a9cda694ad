/** `autobee/transport/relay` in a page. */
import type * as real from '../../transport/relay.ts'
import { refuse } from './refuse.ts'

const where = { needs: 'the sockets of Node', instead: 'connectRelay in a page, and run the relay in Node' }

export const createRelay: typeof real.createRelay = refuse('createRelay', where)
