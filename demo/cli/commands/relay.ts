import { type Command, InvalidArgumentError } from 'commander'
import { parsePort } from '../../common/address.ts'
import { hexOfKey } from '../../common/keys.ts'
import { usage } from '../../common/user-error.ts'
import type { MirrorOptions } from '../mirror.ts'
import type { Run } from '../program.ts'

const AFTER = `
Pairs peers that share a database and cannot reach each other, such as pages: it passes on what they say, and can read
nothing of it. It needs no database and keeps nothing. It listens on this machine only, unless --host says otherwise
(0.0.0.0: on every network). GET /health and /metrics tell how it is. For TLS put a proxy in front of it, and say
--behind-proxy: else all clients would seem to come from one address, of which there may be 64.

With a token only those get in that say it; it is also taken from $AUTOBEE_RELAY_TOKEN, which other users of the machine
cannot read. With --origin only pages of these origins do, and what is no page.

With --mirror it also stores the databases that peers ask it to, who are named by --mirror-allow, and gives them to
everybody who has their key while those peers are offline. What is encrypted it cannot read; but whoever can read this
folder, or knows what is in it, has the keys of the others.

With --json, each line has an "event": "ready" (with "url", "address", "pid"), "client", "client-close" and "refused"
(with "address"; the last two with "reason"). With --mirror "ready" has the public key that peers need as "mirror", and
there are "mirror", "mirror-end" (with "topic": the discovery key of the database) and "mirror-refused" ("peer",
"reason", "topic").

Examples:
  $ autobee relay --port 8080
  $ autobee relay --port 8080 --host 0.0.0.0 --origin https://example.org
  $ AUTOBEE_RELAY_TOKEN=secret autobee relay --port 8080
  $ autobee relay --port 8080 --mirror ./mirror --mirror-allow KEY --mirror-quota 1000000000`

interface Flags {
  readonly port: number
  readonly host: string
  readonly token?: string
  readonly origin?: readonly string[]
  readonly behindProxy?: boolean
  readonly mirror?: string
  readonly mirrorAllow?: readonly string[]
  readonly mirrorQuota?: number
}

export function addRelay(program: Command, run: Run): void {
  program
    .command('relay')
    .description('pair peers that cannot reach each other, until Ctrl-C')
    .option(
      '--port <port>',
      'port to listen on (default: any free one)',
      text => parsePort(text, '--port'),
      0
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--token <text>', 'what peers must say to get in (or $AUTOBEE_RELAY_TOKEN)')
    .option('--origin <origin>', 'let in pages of this origin; may be given several times', addText)
    .option('--behind-proxy', 'take the address of a client from the last X-Forwarded-For')
    .option('--mirror <folder>', 'also store databases, in this folder')
    .option('--mirror-allow <key>', 'public key of a peer that may ask for that; several times', addKey)
    .option('--mirror-quota <bytes>', 'at most so much of each database (default: 1 GiB)', parseBytes)
    .addHelpText('after', AFTER)
    .action((flags: Flags, command: Command) =>
      run(
        command,
        async cli => {
          const { runRelay } = await import('../relay.ts')
          const { port, host, token = process.env.AUTOBEE_RELAY_TOKEN || null } = flags
          const { origin: origins = null, behindProxy: isBehindProxy = false } = flags
          return runRelay(cli, { port, host, token, origins, isBehindProxy, mirror: mirrorOf(flags) })
        },
        { lasts: true }
      )
    )
}

/** @throws UserError */
function mirrorOf({ mirror, mirrorAllow, mirrorQuota }: Flags): MirrorOptions | null {
  if (mirror === undefined) {
    if (mirrorAllow || mirrorQuota !== undefined)
      throw usage('--mirror-allow and --mirror-quota go with --mirror.')
    return null
  }
  if (!mirrorAllow) throw usage('--mirror needs --mirror-allow: nobody else may ask it to store something.')
  return { folder: mirror, allow: mirrorAllow, quota: mirrorQuota ?? 2 ** 30 }
}

/** @throws UserError */
function addKey(text: string, before: readonly string[] = []): readonly string[] {
  const key = hexOfKey(text)
  if (!key)
    throw usage(
      `"${text}" is no public key. --mirror-allow takes 64 hex digits or 52 z-base-32 letters.`,
      'INVALID_KEY'
    )
  return [...before, key]
}

function parseBytes(text: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new InvalidArgumentError('It is a whole number of bytes, such as 1000000000.')
}

function addText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
