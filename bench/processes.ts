import { readFileSync, readdirSync } from 'node:fs'

// What /proc tells of processes; Linux only.

/** Clock ticks in a second: 100 on every Linux that Node runs on. */
const TICKS = 100

/** Seconds of processor time that a process has used, user and system. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** The same of a process and all that descend from it, such as a PostgreSQL with its sessions; with those that ended. */
export function cpuSecondsOfTree(pid: number): number {
  const fields = statOf(pid)
  const ended = (Number(fields[13]) + Number(fields[14])) / TICKS
  return childrenOf(pid).reduce(
    (sum, child) => sum + safely(() => cpuSecondsOfTree(child)),
    cpuSeconds(pid) + ended,
  )
}

/** Bytes of memory that a process has resident. */
export function residentBytes(pid: number): number {
  return memoryOf(pid, 'VmRSS')
}

/** The most that it ever had. */
export function peakResidentBytes(pid: number): number {
  return memoryOf(pid, 'VmHWM')
}

function memoryOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n')
  return Number(/\d+/.exec(lines.find((line) => line.startsWith(name)) ?? '')?.[0]) * 1024
}

function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command's name comes in brackets and may hold spaces.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => safely(() => Number(statOf(one)[1])) === pid)
}

/** A process may end between being listed and being looked at. */
function safely(read: () => number): number {
  try {
    return read()
  } catch {
    return 0
  }
}
