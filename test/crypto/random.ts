/** Bytes and numbers that are the same in every run and runtime for a seed. */
export interface Random {
  bytes(length: number): Uint8Array
  /** From `least` to `most`, both inclusive. */
  between(least: number, most: number): number
}

/** A generator of 32 bits (mulberry32), good enough for inputs. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return (word ^ (word >>> 14)) >>> 0
  }
  const between = (least: number, most: number) => least + (next() % (most - least + 1))
  const bytes = (length: number) => {
    const all = new Uint8Array(length)
    for (let i = 0; i < length; i++) all[i] = next()
    return all
  }
  return { between, bytes }
}
