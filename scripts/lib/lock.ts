import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'

/** Whether a process with this id lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Runs `work` while no other process of this machine does the same: the trial and a test run share what they fetch
 * and build. Waits for the other.
 *
 * @param file stands for the lock; made where missing, and left
 */
export async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  // SQLite's lock is the kernel's: it goes with its owner, so a killed script leaves no lock behind.
  const lock = new DatabaseSync(file)
  try {
    while (!acquired(lock)) await pause(250)
    return await work()
  } finally {
    lock.close()
  }
}

function acquired(lock: DatabaseSync): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    const busy = error instanceof Error && 'errcode' in error && error.errcode === 5
    if (busy) return false
    throw error
  }
}
