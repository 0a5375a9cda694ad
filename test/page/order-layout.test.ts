import fc from 'fast-check'
import { expect, test } from 'vitest'
import { laneWidth, pathOf, widthOf, xOf } from '../../demo/page/order/geometry.ts'
import { type Edge, idOf, type LayoutUnit, layout } from '../../demo/page/order/layout.ts'

const step = fc.record({
  writer: fc.nat(5),
  size: fc.integer({ min: 1, max: 3 }),
  links: fc.array(fc.nat(0xffff), { maxLength: 3 })
})

/** Any order in which a unit links to some that stand before it, also into the middle of one. */
const orders = fc.array(step, { maxLength: 60 }).map(steps => {
  const units: LayoutUnit[] = []
  const lengths = new Map<string, number>()
  for (const [position, { writer: index, size, links }] of steps.entries()) {
    const writer = `w${index}`
    const start = lengths.get(writer) ?? 0
    lengths.set(writer, start + size)
    const others = units.filter(unit => unit.writer !== writer)
    const targets = new Map<string, number>()
    for (const link of links) {
      const target = others[link % Math.max(1, others.length)]
      if (target) targets.set(target.writer, target.start + 1 + (link % (target.length - target.start)))
    }
    units.push({
      writer,
      start,
      length: start + size,
      position,
      links: [...targets].map(([to, length]) => ({ writer: to, length }))
    })
  }
  return units
})

const textOf = ({ id, kind, from, to }: Edge) => `${id} ${kind} ${from.row} ${to?.row}`

test('no two units are in one cell, and each is on the lane of its writer', () => {
  fc.assert(
    fc.property(orders, units => {
      const { nodes, lanes } = layout(units)
      expect(new Set(nodes.map(({ lane, row }) => `${lane}/${row}`)).size).toBe(units.length)
      expect(new Set(nodes.map(({ row }) => row)).size).toBe(units.length)
      expect(nodes.map(({ lane }) => lanes[lane])).toEqual(units.map(({ writer }) => writer))
      expect(nodes.map(({ id }) => id)).toEqual(units.map(idOf))
    })
  )
})

test('every edge leads to an earlier position, one for each link and one to the own unit before', () => {
  fc.assert(
    fc.property(orders, units => {
      const { nodes, edges, lanes } = layout(units)
      for (const { from, to, toLane } of edges) {
        expect(to).not.toBe(null)
        expect(to?.row).toBeLessThan(from.row)
        expect(to?.lane).toBe(toLane)
      }
      const wanted = units.flatMap(({ writer, start, links }) => [
        ...(start > 0 ? [`${writer} ${start}`] : []),
        ...links.map(link => `${link.writer} ${link.length}`)
      ])
      const found = edges.map(({ toLane }) => lanes[toLane])
      expect(found).toEqual(wanted.map(text => text.split(' ')[0]))
      for (const [index, edge] of edges.entries()) {
        const [writer, length] = (wanted[index] ?? '').split(' ')
        const target = units.find(
          unit => unit.writer === writer && unit.start < Number(length) && unit.length >= Number(length)
        )
        expect(edge.to).toBe(nodes[units.indexOf(target as LayoutUnit)])
      }
    })
  )
})

test('what is appended moves nothing that is there', () => {
  fc.assert(
    fc.property(orders, fc.nat(60), (units, cut) => {
      const before = layout(units.slice(0, cut))
      const after = layout(units, before.lanes)
      expect(after.nodes.slice(0, cut)).toEqual(before.nodes)
      expect(after.lanes.slice(0, before.lanes.length)).toEqual(before.lanes)
      const edges = new Set(after.edges.map(textOf))
      for (const edge of before.edges) expect(edges).toContain(textOf(edge))
    })
  )
})

test('loading what is older moves nothing either, and gives stubs their ends', () => {
  fc.assert(
    fc.property(orders, fc.nat(60), (units, cut) => {
      const late = layout(units.slice(cut))
      const all = layout(units, late.lanes)
      expect(all.nodes.slice(cut)).toEqual(late.nodes)
      const stubs = late.edges.filter(({ to }) => to === null)
      const whole = new Map(all.edges.map(edge => [edge.id, edge]))
      for (const stub of stubs) expect(whole.get(stub.id)?.to?.row).toBeLessThan(cut)
    })
  )
})

test('an order that was read while it changed has no line downwards', () => {
  const link = { writer: 'b', length: 1 }
  const { edges } = layout([
    { writer: 'a', start: 0, length: 1, position: 0, links: [link] },
    { writer: 'b', start: 0, length: 1, position: 1, links: [] }
  ])
  expect(edges).toMatchObject([{ to: null, toLane: 1 }])
})

test('every line begins at its unit and ends at its target, and stays within the picture', () => {
  fc.assert(
    fc.property(orders, units => {
      const { edges, lanes } = layout(units)
      const width = widthOf(lanes.length)
      for (const edge of edges) {
        const numbers =
          pathOf(edge, lanes.length)
            .match(/-?[\d.]+/g)
            ?.map(Number) ?? []
        expect(numbers.every(Number.isFinite)).toBe(true)
        expect(numbers[0]).toBe(xOf(edge.from.lane, lanes.length))
        if (edge.kind === 'link') expect(numbers.at(-2)).toBe(xOf(edge.toLane, lanes.length))
      }
      expect(xOf(lanes.length - 1, lanes.length) + laneWidth(lanes.length) / 2).toBeLessThan(
        Math.max(width, 33)
      )
    })
  )
})
