/* Asks the browser for a passkey, and hands its answer to the form. Every text comes from the page. */
;(function () {
  'use strict'
  var form = document.querySelector('form[data-passkey]')
  var making = form.getAttribute('data-passkey') === 'create'
  var options = JSON.parse(form.getAttribute('data-options'))
  var button = form.querySelector('[type=submit]')
  var faults = form.querySelectorAll('[data-fault]')
  var busy = false

  /* What `parseCreationOptionsFromJSON`, its like and `toJSON` do, for browsers that have passkeys but not these. */
  var toBytes = function (text) {
    var binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
    return Uint8Array.from(binary, function (letter) {
      return letter.charCodeAt(0)
    })
  }
  var toText = function (buffer) {
    var binary = String.fromCharCode.apply(null, new Uint8Array(buffer))
    return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  }
  var withBytes = function (credential) {
    return Object.assign({}, credential, { id: toBytes(credential.id) })
  }
  var parse = function () {
    var native = making ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON'
    if (window.PublicKeyCredential[native]) return window.PublicKeyCredential[native](options)
    var parsed = Object.assign({}, options, { challenge: toBytes(options.challenge) })
    if (making) {
      parsed.user = withBytes(options.user)
      parsed.excludeCredentials = options.excludeCredentials.map(withBytes)
    } else parsed.allowCredentials = options.allowCredentials.map(withBytes)
    return parsed
  }
  var serialise = function (credential) {
    if (credential.toJSON) return credential.toJSON()
    var given = credential.response
    var response = { clientDataJSON: toText(given.clientDataJSON) }
    if (making) {
      response.attestationObject = toText(given.attestationObject)
      response.transports = given.getTransports ? given.getTransports() : []
    } else {
      response.authenticatorData = toText(given.authenticatorData)
      response.signature = toText(given.signature)
      if (given.userHandle) response.userHandle = toText(given.userHandle)
    }
    return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: response }
  }

  /* Without a name: no fault. */
  var showFault = function (name) {
    Array.prototype.forEach.call(faults, function (fault) {
      fault.hidden = fault.getAttribute('data-fault') !== name
    })
    var old = document.getElementById('code-error')
    if (old) old.hidden = true
    if (name) button.focus()
  }
  var faultOf = function (error) {
    if (error.name === 'InvalidStateError') return 'known'
    return error.name === 'NotAllowedError' || error.name === 'AbortError' ? 'cancelled' : 'failed'
  }
  var rearm = function () {
    busy = false
    button.removeAttribute('aria-disabled')
  }
  var start = function () {
    if (busy) return
    busy = true
    button.setAttribute('aria-disabled', 'true')
    showFault('')
    /* In a promise of its own, so that what is thrown at once is caught as well. */
    Promise.resolve()
      .then(function () {
        var publicKey = parse()
        return making
          ? navigator.credentials.create({ publicKey: publicKey })
          : navigator.credentials.get({ publicKey: publicKey })
      })
      .then(function (credential) {
        form.elements.code.value = JSON.stringify(serialise(credential))
        form.submit()
      })
      .catch(function (error) {
        rearm()
        showFault(faultOf(error))
      })
  }

  if (!window.PublicKeyCredential || !navigator.credentials) {
    button.hidden = true
    showFault('unsupported')
    return
  }
  Array.prototype.forEach.call(form.elements, function (element) {
    element.disabled = false
  })
  if (document.getElementById('code-error')) button.focus()
  form.addEventListener('submit', function (event) {
    event.preventDefault()
    start()
  })
  window.addEventListener('pageshow', rearm)

  /* By itself once in a step, and never after an error: who cancelled wants to read the page. */
  if (form.hasAttribute('data-starts-itself')) {
    var mark = 'passkey ' + form.action
    var first = false
    try {
      first = sessionStorage.getItem(mark) === null
      sessionStorage.setItem(mark, '1')
    } catch {
      /* Without storage nobody knows: the button is there. */
    }
    if (first) start()
  }
})()
