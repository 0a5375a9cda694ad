import type { Command } from 'commander'
import { parsePort } from '../../common/address.ts'
import type { Run } from '../program.ts'

const AFTER = `
Pairs peers that share a database and cannot reach each other, such as pages: it passes on what they say, and can read
nothing of it. It needs no database and keeps nothing. It listens on this machine only, unless --host says otherwise
(0.0.0.0: on every network). GET /health and /metrics tell how it is. For TLS put a proxy in front of it.

With a token only those get in that say it; it is also taken from $AUTOBEE_RELAY_TOKEN, which other users of the machine
cannot read. With --origin only pages of these origins do, and what is no page.

With --json, each line has an "event": "ready" (with "url", "address", "pid"), "client", "client-close" and "refused"
(with "address"; the last two with "reason").

Examples:
  $ autobee relay --port 8080
  $ autobee relay --port 8080 --host 0.0.0.0 --origin https://example.org
  $ AUTOBEE_RELAY_TOKEN=secret autobee relay --port 8080`

interface Flags {
  readonly port: number
  readonly host: string
  readonly token?: string
  readonly origin?: readonly string[]
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
    .addHelpText('after', AFTER)
    .action((flags: Flags, command: Command) =>
      run(
        command,
        async cli => {
          const { runRelay } = await import('../relay.ts')
          const { port, host, token = process.env.AUTOBEE_RELAY_TOKEN || null, origin = null } = flags
          return runRelay(cli, { port, host, token, origins: origin })
        },
        { lasts: true }
      )
    )
}

function addText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
