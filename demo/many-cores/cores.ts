const KEY = /^[0-9a-f]{64}$/

/** The writer's other cores, hex, as the first block of its main core lists them; null when that is no such block. */
export function otherKeysOf(block: unknown): readonly string[] | null {
  const { otherKeys } = (block ?? {}) as { otherKeys?: unknown }
  if (!Array.isArray(otherKeys) || otherKeys.length === 0) return null
  return otherKeys.every(key => typeof key === 'string' && KEY.test(key)) ? otherKeys : null
}
