#!/usr/bin/env node
/** `autobee`: a database from the command line. `autobee --help` says all; docs/CLI.md says more. */
import { main } from './cli/program.ts'

process.exitCode = await main(process.argv.slice(2))
