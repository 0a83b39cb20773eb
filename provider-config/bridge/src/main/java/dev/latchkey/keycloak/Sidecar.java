package dev.latchkey.keycloak;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.JsonNode;
import org.keycloak.util.JsonSerialization;

/** The back channel: one kept-alive client for all realms. */
final class Sidecar {

    record Reply(int status, byte[] body) {

        /** A token in a JSON body, not yet verified. */
        String token(String name) throws Fault {
            try {
                JsonNode token = JsonSerialization.mapper.readTree(body).path(name);
                if (token.isTextual()) return token.textValue();
            } catch (IOException e) {
                throw Fault.untrusted("the answer is not JSON");
            }
            throw Fault.untrusted("the answer holds no " + name);
        }
    }

    private final Duration timeout;
    private final HttpClient client;

    Sidecar(Duration timeout) {
        this.timeout = timeout;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    Reply get(String url) throws Fault {
        return send(request(url).GET().build());
    }

    /** @param request names the call in both logs */
    Reply post(String url, Map<String, String> form, String request) throws Fault {
        String body = form.entrySet().stream()
                .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
                .collect(Collectors.joining("&"));
        return send(request(url)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("X-Request-Id", request)
                .POST(BodyPublishers.ofString(body))
                .build());
    }

    private HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).header("Accept", "application/json");
    }

    private Reply send(HttpRequest request) throws Fault {
        long end = System.nanoTime() + timeout.toNanos();
        try {
            return attempt(request, end);
        } catch (ConnectException e) {
            throw away(request, "refused the connection", e);
        } catch (IOException e) {
            return again(request, end, e);
        }
    }

    /** A kept-alive connection may be closed by the other side at the moment it is used: not an outage. */
    private Reply again(HttpRequest request, long end, IOException first) throws Fault {
        if (first instanceof TooLarge) throw Fault.untrusted(request.uri().getPath() + ": " + first.getMessage());
        try {
            return attempt(request, end);
        } catch (ConnectException e) {
            throw away(request, "refused the connection", e);
        } catch (IOException e) {
            throw unreachable(request, "failed: " + e.getClass().getSimpleName(), e);
        }
    }

    private Reply attempt(HttpRequest request, long end) throws Fault, IOException {
        CompletableFuture<HttpResponse<byte[]>> exchange = client.sendAsync(request, info -> new BoundedBody());
        try {
            HttpResponse<byte[]> response = exchange.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            return new Reply(response.statusCode(), response.body());
        } catch (TimeoutException e) {
            throw away(request, "did not answer within " + timeout.toMillis() + " ms", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable(request, "was interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) throw io;
            throw unreachable(request, "failed: " + e.getCause().getClass().getSimpleName(), e);
        } finally {
            exchange.cancel(true);
        }
    }

    private static Fault away(HttpRequest request, String what, Exception cause) {
        return new Fault(Fault.Kind.OUTAGE, request.uri() + " " + what, cause);
    }

    private static Fault unreachable(HttpRequest request, String what, Exception cause) {
        return new Fault(Fault.Kind.UNREACHABLE, request.uri() + " " + what, cause);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** The body went over the bound. */
    static final class TooLarge extends IOException {
        private static final long serialVersionUID = 1L;

        TooLarge(int bound) {
            super("the answer is larger than " + bound + " bytes");
        }
    }
}
