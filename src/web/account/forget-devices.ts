import type { RequestHandler } from 'express'
import { forgetOwn } from '../../core/pages/own-devices.ts'
import type { WebContext } from '../context.ts'
import { HOME } from './paths.ts'
import { takeChange } from './take-change.ts'

/** `POST /account/devices/{id}/forget`: the browser is trusted no longer; one that was forgotten before stays so. */
export function forgetDevice(context: WebContext): RequestHandler {
  return async (request, response) => {
    const { id } = request.params
    await takeChange(context, request, response, {
      page: HOME,
      done: 'device-forgotten',
      decide: (opened) =>
        forgetOwn(
          opened,
          opened.background.devices.filter((device) => device.id === id),
        ),
    })
  }
}

/** `POST /account/devices/forget`: none of the user's browsers is trusted any longer. */
export function forgetAllDevices(context: WebContext): RequestHandler {
  return async (request, response) => {
    await takeChange(context, request, response, {
      page: HOME,
      done: 'devices-forgotten',
      decide: (opened) => forgetOwn(opened, opened.background.devices),
    })
  }
}
