/** `npm start`: a peer of a database in a folder. `npm start -- --help` says all. */
import { UserError } from './common/user-error.ts'
import { HELP, parseFlags } from './peer/flags.ts'
import { createTeller } from './peer/notices.ts'
import { runPeer } from './peer/run.ts'

async function main(): Promise<number> {
  const { stdin, stdout, stderr } = process
  const json = process.argv.includes('--json')
  const teller = createTeller({ out: stdout, err: stderr }, { json })
  try {
    const flags = parseFlags(process.argv.slice(2))
    if (flags.help) {
      stdout.write(`${HELP}\n`)
      return 0
    }
    return await runPeer(flags, { stdin, teller, stop: stopped() })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    teller.problem(error.message)
    return error.exitCode
  }
}

/** Resolves when the user or the system wants the peer to end; the second time ends it at once. */
function stopped(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve()
        process.once(signal, () => process.exit(130))
      })
    }
    // whoever read the output is gone
    process.stdout.on('error', () => resolve())
  })
}

process.exitCode = await main()
