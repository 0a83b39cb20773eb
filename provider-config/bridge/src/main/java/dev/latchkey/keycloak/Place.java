package dev.latchkey.keycloak;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.keycloak.models.ClientModel;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.services.util.ResolveRelative;
import org.keycloak.theme.Theme;

/** What the step pages show around the question: realm, languages, application. */
record Place(KeycloakSession session, RealmModel realm) {

    private static final Pattern MESSAGE_KEY = Pattern.compile("\\$\\{(.+)}");

    void describe(Map<String, Object> claims, UserModel user, ClientModel client) {
        Locale locale = session.getContext().resolveLocale(user);
        claims.put("ui_locales", locale.toLanguageTag());
        if (realm.isInternationalizationEnabled()) claims.put("locales", realm.getSupportedLocalesStream().sorted().toList());
        String display = realm.getDisplayName();
        if (display != null && !display.isBlank()) claims.put("realm_display_name", display);
        if ("false".equals(realm.getAttribute("darkMode"))) claims.put("dark_mode", false);
        if (client != null) claims.put("client", application(client, locale));
        if (session.getContext().getConnection() != null) {
            claims.put("client_address", session.getContext().getConnection().getRemoteHost());
        }
    }

    private Map<String, Object> application(ClientModel client, Locale locale) {
        Map<String, Object> application = new LinkedHashMap<>();
        application.put("id", client.getClientId());
        String name = plain(client.getName(), locale);
        if (name != null && !name.isBlank()) application.put("name", name);
        String uri = ResolveRelative.resolveRelativeUri(session, client.getRootUrl(), client.getBaseUrl());
        if (uri != null && !uri.isBlank()) application.put("uri", uri);
        return application;
    }

    /** Keycloak's own clients are named by a message key, which means nothing outside. */
    private String plain(String name, Locale locale) {
        if (name == null) return null;
        Matcher key = MESSAGE_KEY.matcher(name);
        if (!key.matches()) return name;
        try {
            return session.theme().getTheme(Theme.Type.LOGIN).getEnhancedMessages(realm, locale).getProperty(key.group(1));
        } catch (IOException e) {
            return null;
        }
    }
}
