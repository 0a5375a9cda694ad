import { Autobee } from '../autobee.ts'
import { AutobeeError } from '../errors.ts'
import { type PublishOptions, toSettings } from './options.ts'
import { Published } from './published.ts'
import { STEP_LIMITS, type StepLimits } from './target.ts'

export type { PublishedEntry, PublishOptions } from './options.ts'
export { Published, type PublishedEvents } from './published.ts'

/** For tests only: `StepLimits`, so that small databases meet what large ones do. Not part of the public API. */
export const LIMITS: unique symbol = Symbol.for('autobee.publish.limits')

/** Published in this process, by storage and name. */
const open = new WeakMap<object, Map<string, Published>>()

/**
 * Writes the merged view of a database, and then every change of it, reorganisations included, as an ordinary Hyperbee 1
 * into a core of the database's store. Readers (package `hyperbee`) follow it by its key, read-only, over any replication
 * of the store. Begins at once; await `ready()` for the key. It ends with the database.
 * @throws AutobeeError `INVALID_ARGUMENT`, `INVALID_OPTIONS`
 */
export function publish<View>(
  db: Autobee<View> | { readonly db: Autobee<View> },
  options: PublishOptions
): Published
export function publish(
  given: Autobee<unknown> | { readonly db: Autobee<unknown> },
  options: PublishOptions
): Published {
  const db = Autobee.isAutobee(given) ? given : given?.db
  if (!Autobee.isAutobee(db)) {
    throw new AutobeeError('INVALID_ARGUMENT', 'publish takes an Autobee, or what has one as its db')
  }
  const settings = toSettings(options)
  const limits = (options as { [LIMITS]?: StepLimits })[LIMITS] ?? STEP_LIMITS
  const published: Published = new Published({
    db,
    settings,
    limits,
    claim: async id => {
      const names = open.get(db.store.storage) ?? new Map<string, Published>()
      open.set(db.store.storage, names)
      for (let other = names.get(id); other; other = names.get(id)) {
        if (!other.closed) {
          throw new AutobeeError('ALREADY_PUBLISHED', `this store publishes ${settings.name} already`)
        }
        await other.close()
      }
      names.set(id, published)
      return () => {
        if (names.get(id) === published) names.delete(id)
      }
    }
  })
  return published
}
