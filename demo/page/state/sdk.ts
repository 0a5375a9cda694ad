/** All that the page needs of Autobee: the one thing that it loads later than its first paint. */
export type Sdk = typeof import('../database.ts')

let loading: Promise<Sdk> | null = null

/** Loads it; rejects where it cannot run, or a part could not be had. */
export function loadSdk(): Promise<Sdk> {
  loading ??= import('../database.ts').catch(error => {
    loading = null
    throw error
  })
  return loading
}
