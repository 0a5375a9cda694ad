// A lock between processes: a directory, which only one of them can make.
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 2_000
const STALE_MS = 30_000

/** Does the work while no other process does work under the same path; waits as long as it takes. */
export async function locked(path, work) {
  const id = await take(path)
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS)
  try {
    await work()
  } finally {
    clearInterval(heartbeat)
    if (ownerOf(path)?.id === id) rmSync(path, { recursive: true, force: true })
  }
}

async function take(path) {
  const id = randomUUID()
  for (let told = false; ; ) {
    try {
      mkdirSync(path)
      writeFileSync(join(path, 'owner'), JSON.stringify({ id, pid: process.pid }))
      return id
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (dropIfStale(path)) continue
    if (!told) console.log('Waiting for another process to finish the set-up …')
    told = true
    await sleep(200)
  }
}

// Stale when its process is gone, or has not touched it for long (a pid means nothing in another container).
// False: it is somebody's. True: it is gone, try again.
function dropIfStale(path) {
  const owner = ownerOf(path)
  let age
  try {
    age = Date.now() - statSync(path).mtimeMs
  } catch {
    return true
  }
  if (age < STALE_MS && (!owner || alive(owner.pid))) return false
  const aside = `${path}-${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch {
    return true
  }
  // Another process was faster and this is somebody's new lock already: give it back.
  if (ownerOf(aside)?.id !== owner?.id) {
    renameSync(aside, path)
    return false
  }
  rmSync(aside, { recursive: true, force: true })
  return true
}

function ownerOf(path) {
  try {
    return JSON.parse(readFileSync(join(path, 'owner'), 'utf8'))
  } catch {
    return null
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // It was taken for stale, after a long sleep of the machine; the set-up then runs twice, which does no harm.
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
