/** `npm start`: a board with its page, a relay, and a peer that is always there. `npm start -- --help` says all. */
import { UserError } from './common/user-error.ts'
import { HELP, parseFlags } from './start/flags.ts'
import { Teller } from './start/notices.ts'
import { run } from './start/run.ts'

async function main(): Promise<number> {
  const { stdout: out, stderr: err } = process
  const teller = new Teller({ out, err }, { json: process.argv.includes('--json') })
  try {
    const flags = parseFlags(process.argv.slice(2))
    if (flags.help) {
      out.write(`${HELP}\n`)
      return 0
    }
    return await run(flags, { teller, stop: stopped() })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    teller.problem(error.message)
    return error.exitCode
  }
}

/** Resolves when the user or the system wants it to end; the second time ends it at once. */
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
