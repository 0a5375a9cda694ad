import { AutobeeError } from '../../../src/index.ts'

/** What stands for a function that this runtime cannot have: it can be imported, and throws when it is called. */
export function refuse(name: string, { needs, instead }: { needs: string; instead: string }): () => never {
  return () => {
    throw new AutobeeError('UNSUPPORTED_RUNTIME', `${name} needs ${needs}; use ${instead}`)
  }
}
