package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.RETURNS_DEEP_STUBS;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.keycloak.Config;
import org.keycloak.authentication.Authenticator;
import org.keycloak.crypto.SignatureProvider;
import org.keycloak.crypto.SignatureSignerContext;
import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.models.RealmModel;
import org.keycloak.models.RoleModel;
import org.keycloak.models.UserModel;
import org.keycloak.util.JsonSerialization;

/** What a hint says, and what becomes of it. */
class HintSenderTest {

    private static final HintQueue.Batch BATCH =
            new HintQueue.Batch("r1", Signed.REALM, new Hint(List.of("u1"), List.of("g1"), List.of(), false));

    private final KeycloakSessionFactory factory = mock(KeycloakSessionFactory.class);
    private final KeycloakSession session = mock(KeycloakSession.class, RETURNS_DEEP_STUBS);
    private final RealmModel realm = mock(RealmModel.class);
    private final SignatureProvider signature = mock(SignatureProvider.class);
    private final HintSender sender = new HintSender(factory);
    private HttpServer sidecar;
    private int status = 202;
    private String path;
    private String body;

    @BeforeEach
    void start() throws IOException {
        sidecar = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        sidecar.createContext("/", exchange -> {
            path = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        sidecar.start();
        configure("http://127.0.0.1:" + sidecar.getAddress().getPort());
        when(factory.create()).thenReturn(session);
        when(session.getKeycloakSessionFactory()).thenReturn(factory);
        when(session.realms().getRealm("r1")).thenReturn(realm);
        doReturn(signature).when(session).getProvider(SignatureProvider.class, "RS256");
        when(realm.getName()).thenReturn("demo");
        when(realm.getDefaultSignatureAlgorithm()).thenReturn("RS256");
        SignatureSignerContext signer = mock(SignatureSignerContext.class);
        when(signer.getAlgorithm()).thenReturn("RS256");
        when(signer.getKid()).thenReturn("k1");
        when(signer.sign(any())).thenReturn(new byte[] {1});
        when(signature.isAsymmetricAlgorithm()).thenReturn(true);
        when(signature.signer()).thenReturn(signer);
    }

    @AfterEach
    void stop() {
        sidecar.stop(0);
    }

    private void configure(String backchannel) {
        Map<String, String> options = Map.of("url", "https://mfa.example.com", "backchannel-url", backchannel);
        Config.Scope scope = mock(Config.Scope.class);
        when(scope.get(anyString())).thenAnswer(call -> options.get(call.<String>getArgument(0)));
        LatchkeyAuthenticatorFactory authenticator = new LatchkeyAuthenticatorFactory();
        authenticator.init(scope);
        when(factory.getProviderFactory(Authenticator.class, "latchkey")).thenReturn(authenticator);
    }

    private static JsonNode json(String part) throws IOException {
        return JsonSerialization.mapper.readTree(Base64.getUrlDecoder().decode(part));
    }

    private String administrators() throws IOException {
        assertEquals(HintQueue.Outcome.TAKEN, sender.send(BATCH));
        String event = body.split("event=")[1].split("&")[0];
        return json(event.split("\\.")[1]).get("administrators").toString();
    }

    @Test
    @DisplayName("names the users who administer the realm, and those of whom it can't be told (R28)")
    void administratorsAreNamed() throws IOException {
        when(session.users().getUserById(realm, "u1")).thenReturn(null);
        assertEquals("[]", administrators());
        UserModel user = mock(UserModel.class);
        when(user.getGroupsStream()).thenAnswer(call -> Stream.empty());
        when(user.getRoleMappingsStream()).thenAnswer(call -> Stream.empty());
        when(session.users().getUserById(realm, "u1")).thenReturn(user);
        assertEquals("[]", administrators());
        ClientModel management = mock(ClientModel.class);
        when(management.getClientId()).thenReturn("realm-management");
        RoleModel role = mock(RoleModel.class);
        when(role.getContainer()).thenReturn(management);
        when(role.getCompositesStream()).thenAnswer(call -> Stream.empty());
        when(user.getRoleMappingsStream()).thenAnswer(call -> Stream.of(role));
        assertEquals("[\"u1\"]", administrators());
        when(session.users().getUserById(realm, "u1")).thenThrow(new IllegalStateException("no LDAP"));
        assertEquals("[\"u1\"]", administrators());
    }

    @Test
    @DisplayName("posts ids, signed by the realm, for one sidecar and one minute")
    void posts() throws IOException {
        assertEquals(HintQueue.Outcome.TAKEN, sender.send(BATCH));
        assertEquals("POST /realms/demo/events", path);
        Map<String, String> form = new HashMap<>();
        for (String field : body.split("&")) {
            form.put(field.split("=")[0], URLDecoder.decode(field.split("=")[1], StandardCharsets.UTF_8));
        }
        assertEquals(Signed.REALM, form.get("client_id"));
        assertEquals(2, form.size());
        String[] jws = form.get("event").split("\\.");
        assertEquals("latchkey-event+jwt", json(jws[0]).get("typ").textValue());
        JsonNode claims = json(jws[1]);
        assertEquals(Signed.REALM, claims.get("iss").textValue());
        assertEquals(Signed.SIDECAR, claims.get("aud").textValue());
        assertEquals(60, claims.get("exp").longValue() - claims.get("iat").longValue());
        assertTrue(claims.get("jti").textValue().length() > 20);
        assertEquals("[\"u1\"]", claims.get("users").toString());
        assertEquals("[\"g1\"]", claims.get("groups").toString());
        assertTrue(claims.get("full").isBoolean() && !claims.get("full").booleanValue());
        assertEquals("[]", claims.get("deleted").toString());
        assertEquals(10, claims.size());
    }

    @ParameterizedTest
    @DisplayName("keeps what the sidecar can't take now")
    @ValueSource(ints = {429, 500, 502, 503, 504})
    void later(int answer) {
        status = answer;
        assertEquals(HintQueue.Outcome.LATER, sender.send(BATCH));
    }

    @ParameterizedTest
    @DisplayName("drops what would be answered so again")
    @ValueSource(ints = {200, 204, 302, 400, 401, 403, 404, 413})
    void refused(int answer) {
        status = answer;
        assertEquals(HintQueue.Outcome.REFUSED, sender.send(BATCH));
    }

    @Test
    @DisplayName("keeps what found nobody listening")
    void away() {
        sidecar.stop(0);
        assertEquals(HintQueue.Outcome.LATER, sender.send(BATCH));
    }

    @Test
    @DisplayName("drops what it can't sign or address, and what concerns a realm that is gone")
    void nothingToPost() {
        when(signature.isAsymmetricAlgorithm()).thenReturn(false);
        assertEquals(HintQueue.Outcome.REFUSED, sender.send(BATCH));
        when(signature.isAsymmetricAlgorithm()).thenReturn(true);
        configure("http://elsewhere.example.com");
        assertEquals(HintQueue.Outcome.REFUSED, sender.send(BATCH));
        when(session.realms().getRealm("r1")).thenReturn(null);
        assertEquals(HintQueue.Outcome.REFUSED, sender.send(BATCH));
        verify(session.getContext(), never()).setRealm(null);
        assertNull(path);
    }

    @Test
    @DisplayName("shows counts in logs, never ids")
    void log() {
        assertEquals("2 users, 1 groups, 0 credentials, all", new Hint(List.of("alice", "bob"), List.of("finance"), List.of(), true).toString());
    }
}
