import type { Verification } from '../adapters/store/audit-verify.ts'
import type { Finding, Named } from '../adapters/store/audit-walk.ts'

/** What a look at the audit found, for a reader; an anchor to keep comes last. */
export function auditReport(verification: Verification): string {
  const { realm, sealed, unsealed, unsealedSince, head, findings, found } = verification
  const lines = [
    `The audit of the realm ${realm}: ${counted(sealed, 'entry', 'entries')} looked at.`,
    ...findings.map((finding) => `  ✗  ${sentence(finding)}`),
  ]
  if (found > findings.length) lines.push(`  ✗  and ${found - findings.length} more`)
  if (unsealedSince !== undefined) {
    lines.push(`${counted(unsealed, 'entry', 'entries')} not sealed yet, the oldest of ${unsealedSince}.`)
  }
  lines.push(found === 0 ? 'Nothing was tampered with.' : `${counted(found, 'fault', 'faults')}.`)
  if (head !== undefined) {
    lines.push('', 'To be kept outside of the database, for --anchor:', `${head.seq}:${head.mac}`)
  }
  return `${lines.join('\n')}\n`
}

function sentence(finding: Finding): string {
  switch (finding.kind) {
    case 'changed':
      return `${entry(finding)} was changed, or what stood right before it.`
    case 'moved':
      return `${entry(finding)} was moved: it was sealed as number ${finding.from}.`
    case 'inserted':
      return `${entry(finding)} was put in: no server gave it that number.`
    case 'missing': {
      const { seq, to } = finding
      const what = seq === to ? `Entry ${seq} is missing` : `The entries ${seq} to ${to} are missing`
      return `${what}; what comes right after can't be checked.`
    }
    case 'key': {
      const from =
        finding.seq === undefined ? 'The end of the chain is' : `Entries from ${finding.seq} on are`
      return `${from} sealed under the key "${finding.keyId}", which LATCHKEY_ENCRYPTION_KEYS does not have.`
    }
    case 'chain':
      return finding.problem === 'gone'
        ? 'The row that says where the chain begins and ends is gone.'
        : 'The row that says where the chain begins and ends was forged.'
    case 'anchor': {
      const why = {
        'beyond-end': 'the chain ends before it: the database was rolled back',
        'other-entry': 'the chain has another entry there',
        pruned: 'it is older than what the realm keeps; take a later one',
      }[finding.problem]
      return `The anchor ${finding.seq} is not in the chain: ${why}.`
    }
  }
}

function entry({ seq, id, at }: Named): string {
  return `Entry ${seq} (${id}, ${at})`
}

function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
