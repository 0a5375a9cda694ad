import type { IncomingMessage } from 'node:http'
import { createRelay, type RelayHandle } from '../../adapters/transport/relay.ts'
import { reachable, showAddress } from '../common/address.ts'
import { usage } from '../common/user-error.ts'
import type { Cli } from './cli.ts'
import { aborted } from './life.ts'
import type { MirrorOptions, RunningMirror } from './mirror.ts'

export interface RelayOptions {
  readonly port: number
  readonly host: string
  readonly token: string | null
  /** null: of all. */
  readonly origins: readonly string[] | null
  readonly isBehindProxy: boolean
  /** null: it stores nothing. */
  readonly mirror: MirrorOptions | null
}

/** What ends when the command does. */
interface Closes {
  close(): Promise<void>
}

/** Runs until it is stopped. Resolves to the exit code. @throws UserError, AutobeeError */
export async function runRelay(cli: Cli, options: RelayOptions): Promise<number> {
  check(options)
  const { port, host, token, origins, isBehindProxy } = options
  const relay = await createRelay({
    port,
    host,
    ...(token !== null && { token }),
    ...(origins && { origins }),
    ...(isBehindProxy && { addressOf: forwardedFor })
  })
  // what is opened later ends first
  const running: Closes[] = [relay]
  try {
    tellEvents(relay, cli)
    const mirror = await openMirror(relay, { cli, options })
    if (mirror) running.push(mirror)
    await tellReady(relay, { cli, options, mirror })
    await aborted(cli.life.ended)
  } finally {
    for (const part of running.reverse()) await part.close()
  }
  return 0
}

/** The last one is the proxy's own word; those before it are what the client said. */
function forwardedFor({ headers, socket }: IncomingMessage): string {
  const said = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)?.trim()
  return said || (socket.remoteAddress ?? '')
}

/** @throws UserError */
function check({ host, token, origins, mirror }: RelayOptions): void {
  if (host === '') throw usage('--host needs an address, such as --host 127.0.0.1.')
  if (token !== null && (token === '' || Buffer.byteLength(token) > 256))
    throw usage('A token has 1 to 256 bytes.')
  for (const origin of origins ?? [])
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw usage(`"${origin}" is no origin. --origin takes one such as https://example.org.`)
  if (mirror?.folder === '') throw usage('--mirror needs a folder, such as --mirror ./mirror.')
}

/** @throws AutobeeError */
async function openMirror(
  relay: RelayHandle,
  { cli, options }: { cli: Cli; options: RelayOptions }
): Promise<RunningMirror | null> {
  const { host, token, mirror } = options
  if (!mirror) return null
  const { startMirror } = await import('./mirror.ts')
  const near = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const url = `ws://${showAddress({ host: near, port: relay.port })}/`
  return startMirror(cli, { ...mirror, relay: url, token })
}

function tellEvents(relay: RelayHandle, { output }: Cli): void {
  relay.on('client', ({ address }) => void output.row({ event: 'client', address }, `Connected: ${address}`))
  relay.on(
    'client-close',
    ({ address, reason }) =>
      void output.row(
        { event: 'client-close', address, reason },
        `Disconnected: ${address}${reason ? ` (${reason})` : ''}`
      )
  )
  relay.on(
    'refused',
    ({ address, reason }) =>
      void output.row({ event: 'refused', address, reason }, `Refused: ${address} (${reason})`)
  )
  relay.on('error', error => output.problem(error))
}

async function tellReady(
  relay: RelayHandle,
  { cli, options, mirror }: { cli: Cli; options: RelayOptions; mirror: RunningMirror | null }
): Promise<void> {
  const address = reachable({ host: options.host, port: relay.port })
  const url = `ws://${address}/`
  await cli.output.row(
    { event: 'ready', url, address, pid: process.pid, ...(mirror && { mirror: mirror.key }) },
    `Relaying at ${url}; ${mirror ? `mirroring as ${mirror.key}; ` : ''}Ctrl-C ends.\n`
  )
}
