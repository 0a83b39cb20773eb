package dev.latchkey.keycloak;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("whatever the network does, it ends in time and never in an answer (P15)")
class SidecarTest {

    interface Behaviour {
        void answer(Socket socket) throws IOException, InterruptedException;
    }

    private static final Duration TIMEOUT = Duration.ofMillis(400);
    private final AtomicInteger connections = new AtomicInteger();
    private ServerSocket server;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private void behave(Behaviour behaviour) {
        Thread thread = new Thread(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    connections.incrementAndGet();
                    behaviour.answer(socket);
                } catch (IOException | InterruptedException e) {
                    // the other side went, which is what most tests are about
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    /** To its last byte: a socket that is closed over unread bytes resets the connection, and takes the answer with it. */
    private static String readRequest(Socket socket) throws IOException {
        byte[] bytes = new byte[8192];
        String text = "";
        while (!isWhole(text)) text += new String(bytes, 0, socket.getInputStream().read(bytes), StandardCharsets.US_ASCII);
        return text;
    }

    private static boolean isWhole(String text) {
        int end = text.indexOf("\r\n\r\n");
        Matcher length = Pattern.compile("(?i)\r\ncontent-length: (\\d+)").matcher(text);
        return end >= 0 && text.length() - end - 4 >= (length.find() ? Integer.parseInt(length.group(1)) : 0);
    }

    private static void send(Socket socket, String head, byte[] body) throws IOException {
        socket.getOutputStream().write((head + "\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(body);
        socket.getOutputStream().flush();
    }

    private String url() {
        return "http://" + server.getInetAddress().getHostAddress() + ":" + server.getLocalPort() + "/par";
    }

    /** By time alone: well before the other side would end it by itself. */
    private Fault givesUp() {
        long start = System.nanoTime();
        Fault fault = fails(TIMEOUT);
        assertTrue(System.nanoTime() - start < 4_000_000_000L, "took too long");
        return fault;
    }

    /** By what the other side does, however slow this machine is. */
    private Fault fails() {
        return fails(Duration.ofSeconds(20));
    }

    private Fault fails(Duration timeout) {
        return assertThrows(Fault.class, () -> new Sidecar(timeout).post(url(), Map.of("request", "x"), "request-1"));
    }

    @Test
    @DisplayName("reads an answer")
    void reads() throws Fault {
        behave(socket -> {
            readRequest(socket);
            send(socket, "HTTP/1.1 201 Created", new byte[] {'{', '}'});
        });
        Sidecar.Reply reply = new Sidecar(Duration.ofSeconds(5)).post(url(), Map.of(), "request-1");
        assertEquals(201, reply.status());
        assertArrayEquals(new byte[] {'{', '}'}, reply.body());
    }

    @Test
    @DisplayName("names the request, so that both logs can be read together (B16)")
    void names() throws Fault {
        AtomicReference<String> head = new AtomicReference<>();
        behave(socket -> {
            head.set(readRequest(socket));
            send(socket, "HTTP/1.1 200 OK", new byte[0]);
        });
        new Sidecar(Duration.ofSeconds(5)).post(url(), Map.of(), "request-1");
        assertTrue(head.get().contains("\r\nX-Request-Id: request-1\r\n"), head.get());
    }

    @Test
    @DisplayName("gives up in time on a server that never answers")
    void hangs() {
        behave(socket -> Thread.sleep(5_000));
        assertEquals(Fault.Kind.OUTAGE, givesUp().kind());
    }

    @Test
    @DisplayName("gives up in time on a body that never ends")
    void drips() {
        behave(socket -> {
            readRequest(socket);
            socket.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < 100; i++, Thread.sleep(50)) {
                socket.getOutputStream().write(' ');
            }
        });
        assertEquals(Fault.Kind.OUTAGE, givesUp().kind());
    }

    @Test
    @DisplayName("refuses an answer that is larger than 64 kB")
    void oversized() {
        behave(socket -> {
            readRequest(socket);
            send(socket, "HTTP/1.1 200 OK", new byte[BoundedBody.BOUND + 1]);
        });
        assertEquals(Fault.Kind.UNTRUSTED, fails().kind());
    }

    @Test
    @DisplayName("follows no redirect")
    void redirect() throws Fault {
        behave(socket -> {
            readRequest(socket);
            send(socket, "HTTP/1.1 302 Found\r\nLocation: /elsewhere", new byte[0]);
        });
        assertEquals(302, new Sidecar(Duration.ofSeconds(5)).get(url()).status());
        assertEquals(1, connections.get());
    }

    @Test
    @DisplayName("tries once more when a connection was closed under it, and then stops")
    void closed() {
        behave(SidecarTest::readRequest);
        assertEquals(Fault.Kind.UNREACHABLE, fails().kind());
        assertEquals(2, connections.get());
    }

    @Test
    @DisplayName("says at once that nobody listens")
    void refused() throws IOException {
        String url = url();
        stop();
        assertEquals(Fault.Kind.OUTAGE, assertThrows(Fault.class, () -> new Sidecar(TIMEOUT).get(url)).kind());
    }
}
