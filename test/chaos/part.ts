/** One figure of a run: what was tried, what came out, and whether what must hold held. */
export interface Figure {
  what: string
  figure: string
  holds: boolean
}
/** A part of the chaos: `size` 1 is the whole run that a report is filed of; smaller is a short form of it. */
export type Part = (options: { size: number; progress(text: string): void }) => Promise<Figure[]>
