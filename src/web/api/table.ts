import { z } from 'zod'
import type { Registry } from '../../core/method.ts'
import { policyInput } from '../../core/administration/policy-input.ts'
import { DONE, endpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { exportAudit, exportQuery } from './export-audit.ts'
import { auditAnswer, auditQuery, listAudit } from './list-audit.ts'
import { figuresAnswer, figuresQuery, listFigures } from './list-figures.ts'
import { HELP_DESK } from './table-help-desk.ts'
import { groupsAnswer, groupsQuery, listGroups } from './list-groups.ts'
import { listRules } from './list-rules.ts'
import { removeProposal } from './remove-proposal.ts'
import { removeRule } from './remove-rule.ts'
import { groupParams, proposalAnswer, ruleAnswer, rulesAnswer, RULE_EXAMPLE } from './rule-schemas.ts'
import { runSync } from './run-sync.ts'
import { saveProposal } from './save-proposal.ts'
import { saveRule } from './save-rule.ts'
import { settingsEndpoints } from './settings-table.ts'
import { showOpenApi } from './show-openapi.ts'
import { showProposal } from './show-proposal.ts'
import { showRule } from './show-rule.ts'
import { showSync } from './show-sync.ts'
import { syncAnswer, syncBody } from './sync-schemas.ts'
import { changeAnswer, changeBody, changeQuery, tryChange } from './try-change.ts'
import { userEndpoints } from './user-endpoints.ts'

const SAVED = { 200: 'Changed.', 201: 'It is new.' }

/** The API, a line for each endpoint: where, who, what comes in, what goes out, what is refused, what it does. */
export function endpointsOf(registry: Registry): Endpoint[] {
  const { patch, rule } = policyInput(registry)
  const table: Endpoint[] = [
    ...settingsEndpoints(patch),
    endpoint('get /rules', {
      id: 'listRules',
      summary: 'What groups mean, and the changes of it that are only reported on',
      who: 'reader',
      answer: rulesAnswer,
      example: { rules: [RULE_EXAMPLE], proposals: [] },
      does: listRules,
    }),
    endpoint('get /rules/{groupId}', {
      id: 'showRule',
      summary: 'What a group means',
      who: 'reader',
      params: groupParams,
      answer: ruleAnswer,
      example: RULE_EXAMPLE,
      does: showRule,
    }),
    endpoint('put /rules/{groupId}', {
      id: 'saveRule',
      summary: 'Say what a group means',
      who: 'administrator',
      writes: true,
      precondition: 'save',
      params: groupParams,
      body: rule,
      statuses: SAVED,
      answer: ruleAnswer,
      refuses: ['kept-in-keycloak'],
      example: RULE_EXAMPLE,
      does: saveRule,
    }),
    endpoint('delete /rules/{groupId}', {
      id: 'removeRule',
      summary: 'Let a group mean nothing any more',
      who: 'administrator',
      writes: true,
      precondition: 'change',
      params: groupParams,
      statuses: DONE,
      refuses: ['kept-in-keycloak'],
      does: removeRule,
    }),
    endpoint('get /rules/{groupId}/proposal', {
      id: 'showProposal',
      summary: 'A change of a rule that is reported on and not in force, and what it would have done so far',
      who: 'reader',
      params: groupParams,
      answer: proposalAnswer,
      does: showProposal,
    }),
    endpoint('put /rules/{groupId}/proposal', {
      id: 'saveProposal',
      summary: 'Report on a change of a rule',
      who: 'administrator',
      writes: true,
      precondition: 'save',
      params: groupParams,
      body: rule,
      statuses: SAVED,
      answer: proposalAnswer,
      does: saveProposal,
    }),
    endpoint('delete /rules/{groupId}/proposal', {
      id: 'removeProposal',
      summary: 'Report on it no longer',
      who: 'administrator',
      writes: true,
      precondition: 'change',
      params: groupParams,
      statuses: DONE,
      does: removeProposal,
    }),
    endpoint('get /groups', {
      id: 'listGroups',
      summary: 'The groups that Latchkey knows',
      who: 'reader',
      query: groupsQuery,
      answer: groupsAnswer,
      does: listGroups,
    }),
    ...userEndpoints(),
    ...HELP_DESK,
    endpoint('post /what-if', {
      id: 'tryChange',
      summary: 'Who would be asked, and who not any more, if the policy were changed; nothing is written',
      who: 'reader',
      query: changeQuery,
      body: changeBody(rule, patch),
      answer: changeAnswer,
      does: tryChange,
    }),
    endpoint('get /audit', {
      id: 'listAudit',
      summary: 'Who did what, newest first',
      who: 'reader',
      query: auditQuery,
      answer: auditAnswer,
      does: listAudit,
    }),
    endpoint('get /audit/export', {
      id: 'exportAudit',
      summary: 'Everything that matches, oldest first; that it was taken is audited',
      who: 'reader',
      query: exportQuery,
      types: ['application/jsonl', 'text/csv'],
      does: exportAudit,
    }),
    endpoint('get /figures', {
      id: 'listFigures',
      summary: 'What happened on each of the last days',
      who: 'reader',
      query: figuresQuery,
      answer: figuresAnswer,
      does: listFigures,
    }),
    endpoint('get /sync', {
      id: 'showSync',
      summary: 'Where the worker stands',
      who: 'reader',
      answer: syncAnswer,
      does: showSync,
    }),
    endpoint('post /sync', {
      id: 'runSync',
      summary: 'Run a full pass now, or confirm what one would drop',
      who: 'operator',
      writes: true,
      body: syncBody,
      bodyOptional: true,
      statuses: { 202: 'It was asked for.' },
      answer: syncAnswer,
      refuses: ['nothing-to-confirm'],
      does: runSync,
    }),
    endpoint('get /openapi.json', {
      id: 'showOpenApi',
      summary: 'This description',
      who: 'anybody',
      answer: z.record(z.string(), z.unknown()),
      does: showOpenApi(() => table),
    }),
  ]
  return table
}
