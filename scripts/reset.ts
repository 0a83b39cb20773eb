import { resetTrial } from './lib/trial-state.ts'
import { runScript } from './lib/terminal.ts'

// `npm run reset`: the next `npm start` begins with a fresh realm and a fresh database.
await runScript(() => {
  resetTrial()
  console.log('The trial starts over with the next "npm start".')
})
