import { AutobeeError } from '../../../src/index.ts'
import type { LogFile, LogFiles } from '../log/file.ts'
import type { Answer, Answered, Asked, Question } from './messages.ts'

/**
 * The files of a store, held by a worker of its own, which ends when they are closed. Rejects as `openHandles` does, and
 * with `STORE_FAILED` (reason `WORKER`) when the worker could not be loaded, or fails.
 */
export async function openRemote(name: string, start: () => Worker): Promise<LogFiles> {
  const calls = new WorkerCalls(name, start)
  try {
    await calls.ask({ type: 'open', name })
  } catch (error) {
    calls.end()
    throw error
  }
  return {
    name,
    slots: [remoteFile(calls, 0), remoteFile(calls, 1)],
    async close() {
      // the handles are free when it resolves, as they are not at once when a worker is ended
      await calls.ask({ type: 'close' }).finally(() => calls.end())
    }
  }
}

function remoteFile(calls: WorkerCalls, slot: number): LogFile {
  return {
    size: async () => (await calls.ask({ type: 'size', slot })) as number,
    read: async (at, length) => (await calls.ask({ type: 'read', slot, at, length })) as Uint8Array,
    async write(at, bytes) {
      await calls.ask({ type: 'write', slot, at, bytes }, [bytes.buffer as ArrayBuffer])
    },
    async sync() {
      await calls.ask({ type: 'sync', slot })
    },
    async truncate(size) {
      await calls.ask({ type: 'truncate', slot, size })
    }
  }
}

interface Call {
  resolve(value: Answer): void
  reject(error: Error): void
}

class WorkerCalls {
  readonly #name: string
  readonly #worker: Worker
  readonly #calls = new Map<number, Call>()
  #next = 0
  #failure: AutobeeError | null = null

  constructor(name: string, start: () => Worker) {
    this.#name = name
    try {
      this.#worker = start()
    } catch (cause) {
      throw this.#workerError('could not be started', cause)
    }
    this.#worker.onmessage = ({ data }: MessageEvent<Answered>) => this.#answered(data)
    this.#worker.onerror = event => this.#failed(event.message || 'could not be loaded')
    this.#worker.onmessageerror = () => this.#failed('sent what cannot be read')
  }

  async ask(question: Question, transfer: Transferable[] = []): Promise<Answer> {
    if (this.#failure) throw this.#failure
    const id = this.#next++
    const message: Asked = { id, question }
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      this.#worker.postMessage(message, transfer)
    })
  }

  end(): void {
    this.#worker.terminate()
  }

  #answered(answer: Answered): void {
    const call = this.#calls.get(answer.id)
    this.#calls.delete(answer.id)
    if ('error' in answer) call?.reject(asError(answer.error))
    else call?.resolve(answer.value)
  }

  #failed(detail: string): void {
    this.#failure = this.#workerError(detail)
    for (const { reject } of this.#calls.values()) reject(this.#failure)
    this.#calls.clear()
  }

  #workerError(detail: string, cause?: unknown): AutobeeError {
    const message = `the worker of the store ${this.#name} ${detail}; see the option \`worker\` of opfs()`
    return new AutobeeError('STORE_FAILED', message, { reason: 'WORKER', cause })
  }
}

function asError([name, message]: readonly [string, string]): Error {
  return Object.assign(new Error(message), { name })
}
