/** What the picture needs to know of a unit. */
export interface LayoutUnit {
  /** Writer key, as text. */
  readonly writer: string
  /** Length of its writer's oplog before and after it. */
  readonly start: number
  readonly length: number
  readonly position: number
  /** A link into the middle of a unit means the whole unit. */
  readonly links: readonly { readonly writer: string; readonly length: number }[]
}

export interface Node {
  readonly id: string
  readonly lane: number
  /** The unit's position. */
  readonly row: number
}

/** From a unit to one that it depends on. */
export interface Edge {
  readonly id: string
  /** `own`: its writer's unit before it. */
  readonly kind: 'own' | 'link'
  readonly from: Node
  /** null: earlier than all that is laid out, or not known. */
  readonly to: Node | null
  readonly toLane: number
}

export interface Layout {
  /** Writers, by lanes. */
  readonly lanes: readonly string[]
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
}

export function idOf({ writer, length }: { readonly writer: string; readonly length: number }): string {
  return `${writer}/${length}`
}

/**
 * Where units are drawn: a lane for each writer, a row for each position. Lanes that were given out before stay; a writer who is new gets
 * the next one. So what is laid out stays where it is while units are appended or older ones are loaded.
 * @param units by position, no position twice
 */
export function layout(units: readonly LayoutUnit[], lanes: readonly string[] = []): Layout {
  const laneOf = new Map(lanes.map((writer, lane) => [writer, lane]))
  const give = (writer: string): number => {
    const lane = laneOf.get(writer) ?? laneOf.size
    laneOf.set(writer, lane)
    return lane
  }
  const placed = new Map<string, { readonly unit: LayoutUnit; readonly node: Node }[]>()
  const nodes = units.map(unit => {
    const node: Node = { id: idOf(unit), lane: give(unit.writer), row: unit.position }
    const own = placed.get(unit.writer)
    if (own) own.push({ unit, node })
    else placed.set(unit.writer, [{ unit, node }])
    return node
  })
  // by length, which within one lane is by position too
  const find = (writer: string, length: number): Node | null => {
    const own = placed.get(writer) ?? []
    let low = 0
    let high = own.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((own[middle]?.unit.length ?? 0) >= length) high = middle
      else low = middle + 1
    }
    const found = own[low]
    return found && found.unit.start < length ? found.node : null
  }
  const edges: Edge[] = []
  const join = (from: Node, target: { writer: string; length: number }, kind: Edge['kind']) => {
    const found = find(target.writer, target.length)
    // an order that is being read while it changes may have it the wrong way round for a moment
    const to = found && found.row < from.row ? found : null
    edges.push({ id: `${from.id}>${idOf(target)}`, kind, from, to, toLane: give(target.writer) })
  }
  for (const [index, unit] of units.entries()) {
    const from = nodes[index] as Node
    if (unit.start > 0) join(from, { writer: unit.writer, length: unit.start }, 'own')
    for (const link of unit.links) join(from, link, 'link')
  }
  return { lanes: [...laneOf.keys()], nodes, edges }
}
