import b4a from 'b4a'
import { isSigned } from './invitation.ts'
import { idOfKey, keyOf } from './key-text.ts'
import { inviteKey, personKey, refusedKey, requestKey } from './keys.ts'
import { LIMITS } from './limits.ts'
import type { AdmitOp, AskOp, ExpelOp, InviteOp, JoinOp, MeOp, RefuseOp, UninviteOp } from './ops.ts'
import type { InviteRecord, PersonRecord, RequestRecord } from './records.ts'
import type { Step } from './step.ts'

/** Who made the database is a member of whom nobody says so. */
export async function greetFounder(step: Step): Promise<void> {
  const { draft, host, writer, stamp } = step
  if (!b4a.equals(writer, host.key) || (await draft.get(personKey(stamp.by)))) return
  draft.put<PersonRecord>(personKey(stamp.by), {
    name: null,
    isMember: true,
    isIndexer: true,
    since: stamp,
    invite: null
  })
  await draft.count({ members: 1 })
}

export async function rename({ name }: MeOp, { draft, stamp }: Step): Promise<void> {
  const person = await draft.get<PersonRecord>(personKey(stamp.by))
  if (person) draft.put<PersonRecord>(personKey(stamp.by), { ...person, name })
}

/** Once per key, and never by somebody who was turned down or expelled; few in all. */
export async function ask({ name }: AskOp, { draft, host, writer, stamp }: Step): Promise<void> {
  for (const key of [personKey(stamp.by), requestKey(stamp.by), refusedKey(stamp.by)])
    if (await draft.get(key)) return
  if ((await draft.counts()).requests >= LIMITS.requests) return
  host.ackWriter(writer)
  draft.put<RequestRecord>(requestKey(stamp.by), { name, ...stamp })
  await draft.count({ requests: 1 })
}

/** Nobody need be there to let him in: every peer sees that somebody with the invitation has signed his key. */
export async function join(op: JoinOp, step: Step): Promise<void> {
  const { draft, host, writer, stamp } = step
  const key = inviteKey(textOf(op.invite))
  const invite = await draft.get<InviteRecord>(key)
  if (!invite || invite.closed || (await draft.get(personKey(stamp.by)))) return
  if ((await draft.counts()).members >= LIMITS.members) return
  if (!isSigned(op, { key: host.key, writer })) return
  host.ackWriter(writer)
  draft.put<InviteRecord>(key, { ...invite, uses: invite.uses + 1 })
  const { name } = op
  await letIn(writer, { name, isIndexer: invite.isIndexer, invite: textOf(op.invite), step })
}

export async function invite(op: InviteOp, step: Step): Promise<void> {
  const { draft, stamp } = step
  const key = inviteKey(textOf(op.publicKey))
  if ((await draft.get(key)) || (await draft.counts()).invites >= LIMITS.invites) return
  const isIndexer = await mayMakeIndexer(op, step)
  draft.put<InviteRecord>(key, { label: op.label, isIndexer, uses: 0, created: stamp, closed: null })
  await draft.count({ invites: 1 })
}

export async function uninvite({ publicKey }: UninviteOp, { draft, stamp }: Step): Promise<void> {
  const key = inviteKey(textOf(publicKey))
  const record = await draft.get<InviteRecord>(key)
  if (record && !record.closed) draft.put<InviteRecord>(key, { ...record, closed: stamp })
}

/** Of a member it changes the role, but nobody's own; of an indexer only an indexer does. */
export async function admit(op: AdmitOp, step: Step): Promise<void> {
  const { draft, stamp } = step
  const id = textOf(op.key)
  if (id === stamp.by) return
  const isIndexer = await mayMakeIndexer(op, step)
  const person = await draft.get<PersonRecord>(personKey(id))
  if (person?.isIndexer && !(await isByIndexer(step))) return
  if (person?.isMember && (op.indexer === undefined || person.isIndexer === isIndexer)) return
  if (!person?.isMember && (await draft.counts()).members >= LIMITS.members) return
  const request =
    (await draft.get<RequestRecord>(requestKey(id))) ?? (await draft.get<RequestRecord>(refusedKey(id)))
  const name = person?.name ?? request?.name ?? null
  await letIn(keyOf(op.key) as Uint8Array, { name, isIndexer, invite: person?.invite ?? null, step })
}

export async function refuse({ key }: RefuseOp, { draft, stamp }: Step): Promise<void> {
  const id = textOf(key)
  const request = await draft.get<RequestRecord>(requestKey(id))
  if (!request) return
  draft.put(requestKey(id), null)
  draft.put<RequestRecord>(refusedKey(id), { name: request.name, ...stamp })
  await draft.count({ requests: -1 })
}

/**
 * Nobody expels himself, and only an indexer an indexer: so there is always an indexer left, whoever expels whom at the same
 * time. Without one nobody could come in by an invitation.
 */
export async function expel({ key }: ExpelOp, step: Step): Promise<void> {
  const { draft, host, stamp } = step
  const id = textOf(key)
  const person = await draft.get<PersonRecord>(personKey(id))
  if (!person?.isMember || id === stamp.by) return
  if (person.isIndexer && !(await isByIndexer(step))) return
  host.removeWriter(keyOf(key) as Uint8Array)
  draft.put<PersonRecord>(personKey(id), { ...person, isMember: false, isIndexer: false, since: stamp })
  await draft.count({ members: -1 })
}

interface Newcomer {
  readonly name: string | null
  readonly isIndexer: boolean
  readonly invite: string | null
  readonly step: Step
}

async function letIn(writer: Uint8Array, { name, isIndexer, invite, step }: Newcomer): Promise<void> {
  const { draft, host, stamp } = step
  const id = idOfKey(writer)
  host.addWriter(writer, { isIndexer })
  const before = await draft.get<PersonRecord>(personKey(id))
  draft.put<PersonRecord>(personKey(id), {
    name,
    isMember: true,
    isIndexer,
    since: before?.isMember ? before.since : stamp,
    invite
  })
  if (!before?.isMember) await draft.count({ members: 1 })
  if (await draft.get(requestKey(id))) {
    draft.put(requestKey(id), null)
    await draft.count({ requests: -1 })
  }
  if (await draft.get(refusedKey(id))) draft.put(refusedKey(id), null)
}

/** Whoever is no indexer makes none, nor lets one in by an invitation. */
async function mayMakeIndexer({ indexer = true }: { indexer?: boolean }, step: Step): Promise<boolean> {
  return indexer && (await isByIndexer(step))
}

async function isByIndexer({ draft, stamp }: Step): Promise<boolean> {
  return (await draft.get<PersonRecord>(personKey(stamp.by)))?.isIndexer === true
}

/** One text for one key, whichever way it was given. */
function textOf(key: string): string {
  return idOfKey(keyOf(key) as Uint8Array)
}
