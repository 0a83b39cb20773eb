package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import java.util.Map;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.keycloak.Config;

@DisplayName("the settings of the bridge (R16, P21)")
class SettingsTest {

    private static Settings read(Map<String, String> options) throws Fault {
        Config.Scope scope = mock(Config.Scope.class);
        when(scope.get(anyString())).thenAnswer(call -> options.get(call.<String>getArgument(0)));
        return Settings.read(scope);
    }

    private static void refused(String option, Map<String, String> options) {
        Fault fault = assertThrows(Fault.class, () -> read(options), options::toString);
        assertEquals(Fault.Kind.MISCONFIGURED, fault.kind());
        assertTrue(fault.getMessage().contains("spi-authenticator--latchkey--" + option + " "), fault.getMessage());
    }

    @Test
    @DisplayName("needs the address alone")
    void defaults() throws Fault {
        Settings settings = read(Map.of("url", "https://mfa.example.com/"));
        assertEquals("https://mfa.example.com", settings.url());
        assertEquals("https://mfa.example.com", settings.backchannel());
        assertEquals(1500, settings.timeout().toMillis());
    }

    @Test
    @DisplayName("reads every option")
    void all() throws Fault {
        Settings settings = read(Map.of("url", "https://mfa.example.com", "backchannel-url", "http://latchkey:8090",
                "timeout", "700", "allow-http", "true"));
        assertEquals("http://latchkey:8090", settings.backchannel());
        assertEquals(700, settings.timeout().toMillis());
    }

    @Test
    @DisplayName("names the address that is missing or wrong")
    void address() {
        refused("url", Map.of());
        refused("url", Map.of("url", "  "));
        for (String wrong : new String[] {"mfa.example.com", "ftp://mfa.example.com", "https://", "https://a b", "/realms",
                "https://u:p@mfa.example.com", "https://mfa.example.com?x=1", "https://mfa.example.com#x"}) {
            refused("url", Map.of("url", wrong));
        }
        refused("backchannel-url", Map.of("url", "https://mfa.example.com", "backchannel-url", "http://latchkey:8090"));
    }

    @Test
    @DisplayName("never shows a password of an address")
    void password() {
        Fault fault = assertThrows(Fault.class, () -> read(Map.of("url", "https://u:secret@mfa.example.com")));
        assertTrue(!fault.getMessage().contains("secret"));
    }

    @ParameterizedTest
    @DisplayName("allows plain http to this host")
    @ValueSource(strings = {"http://localhost:8090", "http://127.0.0.1", "http://127.1.2.3:1", "http://[::1]:8090"})
    void loopback(String url) throws Fault {
        assertEquals(url, read(Map.of("url", url)).url());
    }

    @ParameterizedTest
    @DisplayName("refuses plain http to names that only look like this host")
    @ValueSource(strings = {"http://mfa.example.com", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"})
    void lookAlike(String url) {
        refused("url", Map.of("url", url));
    }

    @Test
    @DisplayName("names a time-out or a switch that is wrong")
    void others() {
        for (String wrong : new String[] {"0", "-1", "soon", "30001", "1.5"}) {
            refused("timeout", Map.of("url", "https://mfa.example.com", "timeout", wrong));
        }
        refused("allow-http", Map.of("url", "https://mfa.example.com", "allow-http", "yes"));
    }

    @Test
    @DisplayName("keeps the realm's name as Keycloak encodes it")
    void issuer() throws Fault {
        Settings settings = read(Map.of("url", "https://mfa.example.com", "backchannel-url", "https://inside"));
        Parties parties = Parties.of("https://sso.example.com/realms/My%20Realm", settings);
        assertEquals("https://mfa.example.com/realms/My%20Realm", parties.sidecar());
        assertEquals("https://inside/realms/My%20Realm", parties.backchannel());
    }
}
