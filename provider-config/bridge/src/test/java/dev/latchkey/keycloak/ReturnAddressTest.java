package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ReturnAddressTest {

    private static final String BASE = "https://sso.example.com/realms/My%20Realm/login-actions/authenticate?";

    @Test
    @DisplayName("leads to the sibling and changes nothing else, byte by byte")
    void sibling() {
        URI action = URI.create(BASE + "session_code=a&execution=condition&client_id=my%2Bapp%20x&client_data=e30%3D&token=execution");
        assertEquals(BASE + "session_code=a&execution=authenticator&client_id=my%2Bapp%20x&client_data=e30%3D&token=execution",
                ReturnAddress.to(action, "authenticator").toString());
    }

    @Test
    @DisplayName("the authenticator's own address stays the same, so that one push serves both")
    void own() {
        URI action = URI.create(BASE + "session_code=a&execution=authenticator&tab_id=t");
        assertEquals(action, ReturnAddress.to(action, "authenticator"));
    }

    @Test
    @DisplayName("the refresh address carries no code that acts")
    void refresh() {
        assertEquals(BASE + "execution=x&tab_id=t", ReturnAddress.refresh(URI.create(BASE + "session_code=a&execution=x&tab_id=t")).toString());
    }
}
