/* The table of addresses. What each takes and answers is in openapi.json; a test holds the two to
 * each other. */
#include "capture/capture_internal.h"

enum { SMALL = 4096, JSON = CAPTURE_JSON_MAX_BYTES };

const struct httpd_route capture_routes[] = {
    {"GET", "/", api_page, SCOPE_OPEN, 0},
    {"GET", "/openapi.json", api_openapi, SCOPE_OPEN, 0},
    {"GET", "/metrics", api_metrics, SCOPE_ADMIN, 0},
    {"GET", "/v1/health", api_health, SCOPE_OPEN, 0},
    {"GET", "/v1/ready", api_ready, SCOPE_OPEN, 0},
    {"GET", "/v1/info", api_info, SCOPE_INBOX, 0},
    {"GET", "/v1/events", api_events, SCOPE_INBOX, 0},

    {"GET", "/v1/inboxes", api_inboxes, SCOPE_INBOX, 0},
    {"POST", "/v1/inboxes", api_inbox_create, SCOPE_ADMIN, JSON},
    {"GET", "/v1/inboxes/{id}", api_inbox, SCOPE_INBOX, 0},
    {"DELETE", "/v1/inboxes/{id}", api_inbox_delete, SCOPE_INBOX, 0},
    {"GET", "/v1/inboxes/{id}/script", api_script, SCOPE_INBOX, 0},
    {"PUT", "/v1/inboxes/{id}/script", api_script_put, SCOPE_INBOX, SCRIPT_MAX_BYTES},
    {"DELETE", "/v1/inboxes/{id}/script", api_script_delete, SCOPE_INBOX, 0},
    {"GET", "/v1/inboxes/{id}/messages", api_inbox_messages, SCOPE_INBOX, 0},
    {"DELETE", "/v1/inboxes/{id}/messages", api_inbox_messages_delete, SCOPE_INBOX, 0},
    {"GET", "/v1/inboxes/{id}/attempts", api_inbox_attempts, SCOPE_INBOX, 0},
    {"GET", "/v1/inboxes/{id}/wait", api_inbox_wait, SCOPE_INBOX, 0},

    {"GET", "/v1/attempts", api_attempts, SCOPE_INBOX, 0},
    {"GET", "/v1/messages", api_messages, SCOPE_INBOX, 0},
    {"DELETE", "/v1/messages", api_messages_delete, SCOPE_INBOX, 0},
    {"GET", "/v1/messages/wait", api_wait, SCOPE_INBOX, 0},
    {"GET", "/v1/messages/{id}", api_message, SCOPE_INBOX, 0},
    {"DELETE", "/v1/messages/{id}", api_message_delete, SCOPE_INBOX, 0},
    {"GET", "/v1/messages/{id}/raw", api_raw, SCOPE_INBOX, 0},
    {"GET", "/v1/messages/{id}/html", api_html, SCOPE_INBOX, 0},
    {"GET", "/v1/messages/{id}/transcript", api_transcript, SCOPE_INBOX, 0},
    {"GET", "/v1/messages/{id}/parts/{path}", api_part, SCOPE_INBOX, 0},
    {"PUT", "/v1/messages/{id}/seen", api_seen, SCOPE_INBOX, SMALL},
    {"POST", "/v1/messages/{id}/release", api_release, SCOPE_ADMIN, JSON},
    {"PUT", "/v1/sent/{tag}", api_sent_put, SCOPE_INBOX, CAPTURE_SENT_MAX_BYTES},

    /* What clients of Mailpit read. */
    {"GET", "/livez", mailpit_alive, SCOPE_OPEN, 0},
    {"GET", "/readyz", mailpit_alive, SCOPE_OPEN, 0},
    {"GET", "/api/v1/info", mailpit_info, SCOPE_INBOX, 0},
    {"GET", "/api/v1/webui", mailpit_webui, SCOPE_INBOX, 0},
    {"GET", "/api/v1/tags", mailpit_tags, SCOPE_INBOX, 0},
    {"GET", "/api/v1/messages", mailpit_messages, SCOPE_INBOX, 0},
    {"PUT", "/api/v1/messages", mailpit_messages_put, SCOPE_INBOX, JSON},
    {"DELETE", "/api/v1/messages", mailpit_messages_delete, SCOPE_INBOX, JSON},
    {"GET", "/api/v1/search", mailpit_search, SCOPE_INBOX, 0},
    {"DELETE", "/api/v1/search", mailpit_search_delete, SCOPE_INBOX, 0},
    {"GET", "/api/v1/message/{id}", mailpit_message, SCOPE_INBOX, 0},
    {"GET", "/api/v1/message/{id}/headers", mailpit_headers, SCOPE_INBOX, 0},
    {"GET", "/api/v1/message/{id}/raw", mailpit_raw, SCOPE_INBOX, 0},
    {"GET", "/api/v1/message/{id}/part/{path}", mailpit_part, SCOPE_INBOX, 0},
    {"GET", "/view/{id}.html", mailpit_view_html, SCOPE_INBOX, 0},
    {"GET", "/view/{id}.txt", mailpit_view_text, SCOPE_INBOX, 0},
    {"GET", "/view/{id}.raw", mailpit_raw, SCOPE_INBOX, 0},
};
const size_t capture_n_routes = ARRAY_LEN(capture_routes);
