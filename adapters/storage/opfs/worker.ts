/** Holds the files of one store for a page, which cannot have access handles itself. It ends with its page. */
import type { LogFiles } from '../log/file.ts'
import { openHandles } from './handles.ts'
import type { Answer, Answered, Asked, Question } from './messages.ts'

/** As much of a `DedicatedWorkerGlobalScope` as is used; the types of pages have none. */
interface Scope {
  onmessage: ((event: MessageEvent<Asked>) => void) | null
  postMessage(message: Answered, transfer: Transferable[]): void
}

const scope = globalThis as unknown as Scope
let files: LogFiles | null = null

scope.onmessage = ({ data: { id, question } }) => {
  answer(question).then(
    value =>
      scope.postMessage({ id, value }, value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : []),
    (error: Error) => scope.postMessage({ id, error: [error.name, error.message] }, [])
  )
}

async function answer(question: Question): Promise<Answer> {
  if (question.type === 'open') {
    files = await openHandles(question.name)
    return null
  }
  if (!files) throw new Error('no store is open in this worker')
  if (question.type === 'close') {
    await files.close()
    return null
  }
  const file = question.slot === 0 ? files.slots[0] : files.slots[1]
  switch (question.type) {
    case 'size':
      return file.size()
    case 'read':
      return file.read(question.at, question.length)
    case 'write':
      await file.write(question.at, question.bytes)
      return null
    case 'sync':
      await file.sync?.()
      return null
    case 'truncate':
      await file.truncate?.(question.size)
      return null
  }
}
