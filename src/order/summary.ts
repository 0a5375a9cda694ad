import type { Graph } from './graph.ts'
import type { Roles } from './roles.ts'
import type { Trace } from './trace.ts'
import type { Base, BaseLane, UnitFacts } from './types.ts'

/** What later positions depend on of all that is emitted. */
export function summaryOf<U extends UnitFacts>({
  graph,
  trace,
  roles,
  awaited
}: {
  graph: Graph<U>
  trace: Trace<U>
  roles: Roles<U>
  /** What steers from below the base and is not known yet, by `idOf`. */
  awaited: ReadonlyMap<string, number>
}): Base<U> {
  const heads = new Set(trace.heads())
  const members = [...roles.list()].map(({ writer }) => graph.lane(writer))
  const isMember = new Set(members)
  const lanes: BaseLane<U>[] = []
  for (const lane of new Set([...members, ...graph.lanes()])) {
    const last = lane.units[lane.next - 1]
    if (last === undefined && !isMember.has(lane)) continue
    lanes.push({
      writer: lane.key,
      last: last?.unit ?? null,
      isHead: last !== undefined && heads.has(last),
      isMember: isMember.has(lane),
      role: lane.role,
      before: trace.before(lane)
    })
  }
  const steering = [...trace.steering].map(({ unit: { writer, length }, steered: at }) => ({
    writer,
    length,
    at
  }))
  for (const [id, at] of awaited) steering.push({ ...unitOf(id), at })
  return { position: trace.length, lanes, steering }
}

export function idOf({ writer, length }: { readonly writer: string; readonly length: number }): string {
  return `${writer}/${length}`
}

function unitOf(id: string): { writer: string; length: number } {
  const [writer, length] = id.split('/') as [string, string]
  return { writer, length: Number(length) }
}
