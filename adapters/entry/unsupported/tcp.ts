/** `autobee/transport/tcp` in a page. */
import type * as real from '../../transport/tcp.ts'
import { refuse } from './refuse.ts'

const where = { needs: 'the sockets of Node', instead: 'a WebSocket in a page' }

export const listenTcp: typeof real.listenTcp = refuse('listenTcp', where)
export const connectTcp: typeof real.connectTcp = refuse('connectTcp', where)
