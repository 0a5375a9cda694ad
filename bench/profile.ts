/** Where the time goes: V8's sampling profiler around a run, told per function, per file and per package. */
import { type Profiler, Session } from 'node:inspector/promises'
import { findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Probe } from './measure.ts'

/** Adds up profiles of several runs. */
export class Profile implements Probe {
  readonly #session = new Session()
  readonly #self = new Map<string, number>()
  readonly #total = new Map<string, number>()
  readonly #files = new Map<string, number>()
  readonly #packages = new Map<string, number>()
  #whole = 0

  constructor() {
    this.#session.connect()
  }

  async begin(): Promise<void> {
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.setSamplingInterval', { interval: 200 })
    await this.#session.post('Profiler.start')
  }

  async end(): Promise<void> {
    const { profile } = await this.#session.post('Profiler.stop')
    this.#add(profile)
  }

  /** Which packages, files and functions took most time by themselves, and which functions together with what they called. */
  report(most = 40): string {
    const list = (title: string, times: Map<string, number>) => {
      const rows = [...times].sort((a, b) => b[1] - a[1]).slice(0, most)
      const percent = (time: number) => ((time * 100) / this.#whole).toFixed(1).padStart(6)
      return [title, ...rows.map(([name, time]) => `${percent(time)} %  ${name}`)]
    }
    return [
      ...list(`by package, share of ${Math.round(this.#whole / 1000)} ms`, this.#packages),
      '',
      ...list('by file', this.#files),
      '',
      ...list('by itself', this.#self),
      '',
      ...list('with what it called', this.#total)
    ].join('\n')
  }

  #add({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): void {
    const byId = new Map(nodes.map(node => [node.id, node]))
    const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map(child => [child, id])))
    const times = new Map<number, number>()
    const isOwn = (id: number | undefined): boolean =>
      id !== undefined && (byId.get(id)?.callFrame.url === 'node:inspector' || isOwn(parents.get(id)))
    samples.forEach((id, i) => {
      times.set(id, (times.get(id) ?? 0) + (timeDeltas[i] ?? 0))
    })
    for (const [id, time] of times) {
      const node = byId.get(id)!
      if (isOwn(id)) continue
      const caller = byId.get(parents.get(id) ?? -1)
      // native functions bear wrong names at times: their caller says more
      const isNative = !node.callFrame.url && caller?.callFrame.url
      add(this.#self, isNative ? `native, in ${nameOf(caller)}` : nameOf(node), time)
      const { file } = placeOf(isNative ? caller : node)
      add(this.#files, file, time)
      add(this.#packages, packageOf(file), time)
      const callers = new Set<string>()
      for (let at: number | undefined = id; at !== undefined; at = parents.get(at))
        callers.add(nameOf(byId.get(at)!))
      for (const name of callers) add(this.#total, name, time)
      this.#whole += time
    }
  }
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time)
}

function nameOf(node: Profiler.ProfileNode): string {
  const { functionName, url } = node.callFrame
  if (!url) return functionName
  const { file, line } = placeOf(node)
  return `${functionName || 'anonymous'} ${file}:${line}`
}

/** In the sources, whatever they were bundled into. */
function placeOf({ callFrame }: Profiler.ProfileNode): { file: string; line: number } {
  const { functionName, url, lineNumber, columnNumber } = callFrame
  if (!url) return { file: functionName, line: 0 }
  const map = url.startsWith('file:') ? findSourceMap(fileURLToPath(url)) : undefined
  const entry = map?.findEntry(lineNumber, columnNumber)
  const [source, line] =
    entry && 'originalSource' in entry ? [entry.originalSource, entry.originalLine] : [url, lineNumber]
  return {
    file: source.replace(/^.*node_modules\//, '').replace(/^.*\/(?=(src|bench)\/)/, ''),
    line: line + 1
  }
}

const packageOf = (file: string): string =>
  /^src\/[^/]+\//.exec(file)?.[0] ?? /^(@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? file
