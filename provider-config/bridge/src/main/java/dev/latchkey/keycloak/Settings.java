package dev.latchkey.keycloak;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

import org.keycloak.Config;

/** Where the sidecar is: {@code url} for browsers and tokens, {@code backchannel} for Keycloak itself. */
record Settings(String url, String backchannel, Duration timeout) {

    static final String URL = "url";
    static final String BACKCHANNEL_URL = "backchannel-url";
    static final String TIMEOUT = "timeout";
    static final String ALLOW_HTTP = "allow-http";
    static final int DEFAULT_TIMEOUT = 1500;

    private static final String PREFIX = "spi-authenticator--latchkey--";
    private static final int LONGEST_TIMEOUT = 30_000;
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]");

    /** @throws Fault naming the option, the rule and the value */
    static Settings read(Config.Scope scope) throws Fault {
        boolean allowHttp = flag(ALLOW_HTTP, scope.get(ALLOW_HTTP));
        String url = address(URL, scope.get(URL), allowHttp);
        String backchannel = scope.get(BACKCHANNEL_URL);
        return new Settings(url,
                isBlank(backchannel) ? url : address(BACKCHANNEL_URL, backchannel, allowHttp),
                Duration.ofMillis(millis(scope.get(TIMEOUT))));
    }

    private static String address(String option, String value, boolean allowHttp) throws Fault {
        if (isBlank(value)) throw wrong(option, "must be set to the address of Latchkey", value);
        URI uri;
        try {
            uri = new URI(value.trim());
        } catch (URISyntaxException e) {
            throw wrong(option, "must be an address", value);
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (uri.getHost() == null || !scheme.equals("https") && !scheme.equals("http")) {
            throw wrong(option, "must be an https address", value);
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null || uri.getRawUserInfo() != null) {
            throw wrong(option, "must have no user, query or fragment", null);
        }
        if (scheme.equals("http") && !allowHttp && !isLoopback(uri.getHost())) {
            throw wrong(option, "must be https, or " + ALLOW_HTTP + " must be true", value);
        }
        return value.trim().replaceFirst("/+$", "");
    }

    private static boolean isLoopback(String host) {
        return LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches();
    }

    private static boolean flag(String option, String value) throws Fault {
        if (isBlank(value) || value.trim().equals("false")) return false;
        if (value.trim().equals("true")) return true;
        throw wrong(option, "must be true or false", value);
    }

    private static int millis(String value) throws Fault {
        if (isBlank(value)) return DEFAULT_TIMEOUT;
        try {
            int millis = Integer.parseInt(value.trim());
            if (millis >= 1 && millis <= LONGEST_TIMEOUT) return millis;
        } catch (NumberFormatException e) {
            // told below, with the range
        }
        throw wrong(TIMEOUT, "must be a number of milliseconds from 1 to " + LONGEST_TIMEOUT, value);
    }

    private static Fault wrong(String option, String rule, String value) {
        return new Fault(Fault.Kind.MISCONFIGURED,
                "The option " + PREFIX + option + " " + rule + (isBlank(value) ? "" : ", not '" + value + "'"));
    }

    private static boolean isBlank(String value) {
        return value == null || value.isBlank();
    }
}
