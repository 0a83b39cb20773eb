// Counts the tests of vitest's report and of the bridge's JUnit reports, as the last line that CI reads.
import { existsSync, readFileSync, readdirSync } from 'node:fs'

let passed = 0
let failed = 0

try {
  const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests + report.numFailedTestSuites * (report.numFailedTests === 0 ? 1 : 0)
} catch {
  failed += 1
}

const surefire = 'provider-config/bridge/target/surefire-reports'
for (const name of existsSync(surefire) ? readdirSync(surefire) : []) {
  if (!name.endsWith('.xml')) continue
  const suite = /<testsuite\b[^>]*>/.exec(readFileSync(`${surefire}/${name}`, 'utf8'))?.[0] ?? ''
  const count = (what) => Number(new RegExp(`\\b${what}="(\\d+)"`).exec(suite)?.[1] ?? 0)
  const bad = count('failures') + count('errors')
  failed += bad
  passed += count('tests') - bad - count('skipped')
}

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
