import { defineConfig } from 'rolldown'

// The sidecar in a few files: loading a thousand was more than half of a start.
export default defineConfig({
  input: 'src/cli.ts',
  platform: 'node',
  // What is loaded when it is first asked for stays where it was installed.
  external: [
    '@inquirer/prompts',
    '@keycloak/keycloak-admin-client',
    '@simplewebauthn/server',
    'nodemailer',
    'qrcode',
    'twilio',
  ],
  output: {
    dir: 'dist',
    cleanDir: true,
    comments: { legal: true, annotation: false, jsdoc: false },
    charset: 'ascii',
  },
})
