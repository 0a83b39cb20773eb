/** The labels that Keycloak itself shows, by locale; realm localization carries them into its consoles. */
export const TEXTS: Record<string, Record<string, string>> = {
  en: {
    phoneNumber: 'Mobile number',
    phoneNumberInvalid: 'Write the number in the international form, for example +31612345678.',
  },
  de: {
    phoneNumber: 'Mobilnummer',
    phoneNumberInvalid: 'Bitte die Nummer in der internationalen Form angeben, zum Beispiel +31612345678.',
  },
}
