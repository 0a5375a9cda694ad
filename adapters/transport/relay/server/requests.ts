import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { metricsText, type RelayStats } from './counters.ts'
import type { RelaySettings } from './options.ts'

export interface Answers {
  readonly settings: RelaySettings
  readonly stats: RelayStats
  readonly isClosing: boolean
}

/** @returns false: nothing of the relay's, and not answered */
export function answer(request: IncomingMessage, response: ServerResponse, relay: Answers): boolean {
  const { settings } = relay
  const path = pathOf(request)
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (settings.health && path === '/health') {
    const { clients, topics, channels } = relay.stats
    const status = relay.isClosing ? 'closing' : 'ok'
    reply(response, relay.isClosing ? 503 : 200, {
      type: 'application/json',
      body: `${JSON.stringify({ status, clients, topics, channels })}\n`
    })
    return true
  }
  if (settings.metrics && path === '/metrics') {
    reply(response, 200, { type: 'text/plain; version=0.0.4; charset=utf-8', body: metricsText(relay.stats) })
    return true
  }
  return false
}

/** For everything else that is asked of the relay's own server. */
export function refuseRequest(request: IncomingMessage, response: ServerResponse, path: string): void {
  const status = pathOf(request) === path ? 426 : 404
  if (status === 426) response.setHeader('Upgrade', 'websocket')
  reply(response, status, { type: 'text/plain; charset=utf-8', body: `${STATUS_CODES[status]}\n` })
}

/** For an upgrade that is not taken. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  // not even the end of it is waited for
  socket.once('finish', () => socket.destroy())
}

export function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

function reply(
  response: ServerResponse,
  status: number,
  { type, body }: { type: string; body: string }
): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store'
  })
  // Node leaves the body out of what answers HEAD
  response.end(body)
}
