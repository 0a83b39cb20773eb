import type { AdminView } from '../render/admin-view.ts'
import type { Visit } from './visit.ts'

type Confirm = Extract<AdminView, { page: 'confirm' }>

/**
 * The page that asks in words before something is taken away.
 * @param own the page that it comes from and that a cancel leads back to
 * @param below where the answer is posted to, below `own`
 */
export function confirmation(
  { at }: Pick<Visit, 'at'>,
  {
    own,
    below,
    ...said
  }: { own: string; below: string } & Pick<Confirm, 'act' | 'subject'> &
    Partial<Pick<Confirm, 'detail' | 'methods' | 'listed' | 'hidden'>>,
): AdminView {
  return {
    page: 'confirm',
    detail: '',
    methods: [],
    listed: [],
    hidden: [],
    ...said,
    action: at(own + below),
    cancelUrl: at(own),
  }
}
