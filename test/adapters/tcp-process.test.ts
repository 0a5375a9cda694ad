import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tempStore } from '../support/store.ts'

/** Runs a module in a process of its own, with the built package; it has to end by itself. */
async function run(source: string): Promise<unknown> {
  const temp = await tempStore()
  await temp.store.close()
  const { NODE_OPTIONS: _, ...env } = process.env
  const module = `
    import { openStore } from '${new URL('../../dist/node/index.js', import.meta.url)}'
    import { connectTcp, listenTcp } from '${new URL('../../dist/node/transport/tcp.js', import.meta.url)}'
    const until = async is => { while (!is()) await new Promise(resolve => setTimeout(resolve, 5)) }
    const folder = ${JSON.stringify(temp.dir)}
    ${source}`
  const out = await new Promise<string>((resolve, reject) => {
    const child = execFile(process.execPath, ['--input-type=module'], { env }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout)
    )
    child.stdin?.end(module)
  })
  await temp.close()
  return JSON.parse(out)
}

test('a process whose handles are closed ends by itself', async () => {
  const told = await run(`
    const store = await openStore(folder)
    const server = await listenTcp(store)
    const client = connectTcp(store, { port: server.port })
    const lost = connectTcp(store, { port: 1 })
    await Promise.all([client.connected(), server.connected()])
    await Promise.all([lost, client, server].map(handle => handle.close()))
    await store.close()
    console.log(JSON.stringify(process.getActiveResourcesInfo().filter(name => name.startsWith('TCP'))))`)
  expect(told).toEqual([])
})

test('a listener that throws is thrown to the process, and the connections go on', async () => {
  const told = await run(`
    const thrown = []
    process.on('uncaughtException', error => thrown.push(error.message))
    const store = await openStore(folder)
    const server = await listenTcp(store)
    for (const event of ['peer', 'peer-close', 'status']) server.on(event, () => { throw new Error(event) })
    const client = connectTcp(store, { port: server.port })
    await Promise.all([client.connected(), server.connected()])
    await client.close()
    await until(() => thrown.length === 4)
    await server.close()
    await until(() => thrown.length === 5)
    await store.close()
    console.log(JSON.stringify([thrown, server.status]))`)
  expect(told).toEqual([['status', 'peer', 'status', 'peer-close', 'status'], 'closed'])
})

/** May this user bind every port, or is there no way to be one who may not? */
function isEveryPortFree(): boolean {
  if (process.platform !== 'linux') return true
  return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) <= 80
}

test.skipIf(isEveryPortFree())('a port that is not allowed: TRANSPORT_FAILED, EACCES', async () => {
  const told = await run(`
    if (process.getuid() === 0) process.setuid(65534)
    const { code, reason } = await listenTcp({ replicate() {} }, { port: 80 }).catch(error => error)
    console.log(JSON.stringify([code, reason]))`)
  expect(told).toEqual(['TRANSPORT_FAILED', 'EACCES'])
})
