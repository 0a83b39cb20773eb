package dev.latchkey.keycloak;

import java.net.URI;

import jakarta.ws.rs.core.Response;
import org.jboss.logging.Logger;
import org.keycloak.events.EventBuilder;
import org.keycloak.forms.login.LoginFormsProvider;

/** A page that always has a way on. What went wrong exactly stands in the log and in the event. */
final class ErrorPage {

    private static final Logger LOG = Logger.getLogger(ErrorPage.class);
    private static final String TEMPLATE = "latchkey-error.ftl";

    private ErrorPage() {
    }

    static Response of(LoginFormsProvider form, Step step, Fault fault, EventBuilder event, URI retry) {
        Fault.Kind kind = fault.kind();
        Logger.Level level = kind.status.getStatusCode() >= 500 ? Logger.Level.ERROR : Logger.Level.DEBUG;
        String request = Notes.request(step.login());
        LOG.logf(level, "Latchkey in realm '%s', user %s, request %s: %s",
                step.realm().getName(), step.user().getId(), request, fault.getMessage());
        event.user(step.user()).detail("latchkey", fault.getMessage()).detail(Notes.REQUEST, request).error(kind.event);
        Response page = form
                .setAttribute("latchkeyMessage", kind.message)
                .setAttribute("latchkeyRetry", retry.toString())
                .setAttribute("latchkeyRequest", request)
                .createForm(TEMPLATE);
        return Response.fromResponse(page).status(kind.status).build();
    }
}
