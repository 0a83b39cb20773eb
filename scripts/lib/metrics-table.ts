import { METRICS } from '../../src/web/metrics.ts'

/** The table of docs/operations.md, made from where the metrics are declared. */
export function metricsTable(): string {
  const rows = Object.values(METRICS).map(({ name, type, labels, help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${shown === '' ? 'none' : shown} | ${help} |`
  })
  return ['| name | type | labels | what |', '|---|---|---|---|', ...rows, ''].join('\n')
}
