/* Makes pages that work without it nicer. Every text comes from the page, so that no language lives here. */
;(function () {
  'use strict'
  var each = function (selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act)
  }
  var announcements = document.getElementById('announcements')
  var announce = function (text) {
    announcements.textContent = ''
    setTimeout(function () {
      announcements.textContent = text
    }, 100)
  }

  each('[data-with-script]', function (element) {
    element.hidden = false
  })
  each('[data-without-script]', function (element) {
    element.hidden = true
  })

  /* Whoever comes back from reading mail finds the page as it is by then. */
  each('[data-reload-on-return]', function () {
    document.addEventListener('visibilitychange', function () {
      if (document.visibilityState === 'visible') location.reload()
    })
  })

  /* The server knows no time zone but UTC. */
  each('[data-local-time]', function (element) {
    var words = new Intl.DateTimeFormat(document.documentElement.lang, {
      dateStyle: 'medium',
      timeStyle: 'short',
    })
    element.textContent = words.format(new Date(element.dateTime))
  })

  /* A second submit of the same form is dropped; coming back to the page, or waiting, allows another. */
  each('form', function (form) {
    var button = form.querySelector('[type=submit]')
    var sentAt = 0
    var rearm = function () {
      sentAt = 0
      button.removeAttribute('aria-disabled')
    }
    form.addEventListener('submit', function (event) {
      if (Date.now() - sentAt < 5000) return event.preventDefault()
      sentAt = Date.now()
      button.setAttribute('aria-disabled', 'true')
      setTimeout(rearm, 5000)
    })
    window.addEventListener('pageshow', rearm)
  })

  each('#code', function (input) {
    var length = Number(input.getAttribute('data-submit-at'))
    input.addEventListener('paste', function (event) {
      var text = event.clipboardData && event.clipboardData.getData('text')
      if (!text) return
      event.preventDefault()
      input.setRangeText(text.replace(/[\s-]/g, ''), input.selectionStart, input.selectionEnd, 'end')
      input.dispatchEvent(new Event('input'))
    })
    input.addEventListener('input', function () {
      var code = input.value.replace(/[\s-]/g, '')
      if (!length || code.length !== length || /\D/.test(code)) return
      length = 0
      input.form.requestSubmit()
    })
  })

  each('[data-copy]', function (button) {
    if (!navigator.clipboard) return
    var label = button.textContent
    button.hidden = false
    button.addEventListener('click', function () {
      var source = document.getElementById(button.getAttribute('data-copy'))
      var items = source.querySelectorAll('li')
      var lines = Array.prototype.map.call(items.length ? items : [source], function (item) {
        return item.textContent.trim()
      })
      var text = lines.join('\n')
      if (button.hasAttribute('data-copy-joined')) text = text.replace(/\s/g, '')
      navigator.clipboard.writeText(text).then(function () {
        button.textContent = button.getAttribute('data-copied')
        announce(button.textContent)
        setTimeout(function () {
          button.textContent = label
        }, 3000)
      })
    })
  })

  each('[data-print]', function (button) {
    button.hidden = false
    button.addEventListener('click', function () {
      window.print()
    })
  })

  /*
   * The same steps as `inWords` on the server. A button is disabled meanwhile, and can have a shorter text for the
   * last seconds. Only the end is announced: a spoken clock would be a nuisance.
   */
  each('[data-countdown]', function (element) {
    var end = Date.now() + Number(element.getAttribute('data-countdown')) * 1000
    var words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'always' })
    var inWords = function (left) {
      if (left <= 90) return words.format(left, 'second')
      if (left <= 5400) return words.format(Math.ceil(left / 60), 'minute')
      if (left <= 172800) return words.format(Math.ceil(left / 3600), 'hour')
      return words.format(Math.ceil(left / 86400), 'day')
    }
    var text = function (left) {
      var brief = left <= 90 && element.getAttribute('data-seconds')
      return brief
        ? brief.replace('{0}', left)
        : element.getAttribute('data-message').replace('{0}', inWords(left))
    }
    var tick = function () {
      var left = Math.ceil((end - Date.now()) / 1000)
      if ('disabled' in element) element.disabled = left > 0
      if (left > 0) {
        element.textContent = text(left)
        return
      }
      clearInterval(timer)
      element.textContent = element.getAttribute('data-over')
      announce(element.getAttribute('data-announce') || element.textContent)
    }
    var timer = setInterval(tick, 1000)
    tick()
  })

  each('.language', function (details) {
    details.addEventListener('keydown', function (event) {
      if (event.key !== 'Escape') return
      details.open = false
      details.querySelector('summary').focus()
    })
    document.addEventListener('click', function (event) {
      if (!details.contains(event.target)) details.open = false
    })
  })
})()
