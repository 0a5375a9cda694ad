import { colourClass } from '../colours.ts'
import { useStore } from '../state/store.ts'
import { useSession } from './session-context.ts'

/** A writer's initials on the writer's colour; the name is beside it. */
export function Face({ writer, name }: { writer: string; name: string }) {
  const colour = useColour(writer)
  return (
    <span class={`face ${colour}`} aria-hidden="true">
      {initialsOf(name)}
    </span>
  )
}

/** The class that sets `--writer` to a writer's colour. */
export function useColour(writer: string): string {
  const { board } = useSession()
  const colours = useStore(board, state => state.colours)
  return colourClass(writer, colours)
}

/** What a writer is called; those who have no name yet are told apart by their keys. */
export function useName(writer: string): string {
  const { board } = useSession()
  const people = useStore(board, state => state.people)
  return nameOf(people.get(writer)?.name ?? null, writer)
}

export function nameOf(name: string | null, writer: string): string {
  return name || `Writer ${writer.slice(0, 4)}`
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/)
  return words.length > 1 ? first(words[0]) + first(words.at(-1)) : [...(words[0] ?? '')].slice(0, 2).join('')
}

function first(word = ''): string {
  return [...word][0] ?? ''
}
