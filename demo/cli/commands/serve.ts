import { type Command, Option } from 'commander'
import { type Address, parsePort } from '../../common/address.ts'
import type { Run } from '../program.ts'
import { addAddress } from './join.ts'

const AFTER = `
Runs a peer until Ctrl-C. Other commands on the same folder work beside it. The port and the peers to connect to are
remembered in the folder. It listens on this machine only, unless --host says otherwise (0.0.0.0: on every network).

With --json, each line has an "event": "ready" (with "key", "writer", "role", "address", "pid"), "peer" and "peer-close"
(with "address"), "writer" (with "key" and "role"), "writable", "unwritable".

Examples:
  $ autobee serve
  $ autobee serve --listen 4000 --host 0.0.0.0
  $ autobee serve --connect 192.0.2.7:4000 --connect 192.0.2.8:4000`

interface Flags {
  readonly listen?: number
  readonly port?: number
  readonly host: string
  readonly connect?: readonly Address[]
}

export function addServe(program: Command, run: Run): void {
  program
    .command('serve')
    .description('connect with other peers, and go on until Ctrl-C')
    .option(
      '--listen <port>',
      'port to listen on (default: the one of the last time, or any free one)',
      text => parsePort(text, '--listen')
    )
    // what `npm start` calls it
    .addOption(new Option('--port <port>').argParser(text => parsePort(text, '--port')).hideHelp())
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--connect <host:port>', 'a peer to connect to; may be given several times', addAddress)
    .addHelpText('after', AFTER)
    .action((flags: Flags, command: Command) =>
      run(
        command,
        async cli => {
          const { serve } = await import('../serve.ts')
          const { listen, port = null, host, connect = null } = flags
          return serve(cli, { port: listen ?? port, host, connect })
        },
        { lasts: true }
      )
    )
}
