"""Two small services that run as threads of run.py: HTTPS for MTA-STS policies and BIMI logos, and
the greylisting policy service that Postfix asks.
"""
import http.server
import socketserver
import ssl
import threading

import world

LOGO = ('<?xml version="1.0" encoding="utf-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" version="1.2" baseProfile="tiny-ps" '
        'viewBox="0 0 64 64">\n  <title>good.test</title>\n{}'
        '  <rect width="64" height="64" fill="#124"/>\n  <circle cx="32" cy="32" r="20" fill="#fff"/>\n'
        '</svg>\n')
LOGOS = {"/logo.svg": LOGO.format(""), "/script.svg": LOGO.format("  <script>alert(1)</script>\n")}


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def find(self):
        host = self.headers.get("Host", "").split(":")[0].lower()
        if host == "bimi.good.test" and self.path in LOGOS:
            return 200, "image/svg+xml", LOGOS[self.path]
        if self.path == "/.well-known/mta-sts.txt" and host.startswith("mta-sts."):
            return world.POLICIES.get(host[len("mta-sts."):], (404, "text/plain", "none\n"))
        return 404, "text/plain", "nothing here\n"

    def do_GET(self):
        status, kind, text = self.find()
        body = text.encode() if kind != "location" else b""
        self.send_response(status)
        self.send_header(*(("Location", text) if kind == "location" else ("Content-Type", kind)))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Tls(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """The handshake runs in the connection's own thread, so that a silent client stops nobody."""
    daemon_threads = True

    def __init__(self, address, context):
        super().__init__(address, Pages)
        self.context = context

    def finish_request(self, request, client_address):
        request.settimeout(20)
        try:
            wrapped = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        super().finish_request(wrapped, client_address)

    def handle_error(self, request, client_address):
        pass


class Grey(socketserver.StreamRequestHandler):
    """Postfix's policy protocol: the first try of (client, sender, recipient) is deferred."""
    seen, lock = set(), threading.Lock()

    def handle(self):
        asked = {}
        for line in self.rfile:
            name, _, value = line.decode(errors="replace").rstrip("\n").partition("=")
            if name:
                asked[name] = value
                continue
            key = tuple(asked.get(k) for k in ("client_address", "sender", "recipient"))
            with self.lock:
                known = key in self.seen
                self.seen.add(key)
            answer = "DUNNO" if known else "DEFER_IF_PERMIT 4.7.1 Greylisted, try again in 1 second"
            self.wfile.write(f"action={answer}\n\n".encode())
            asked = {}


class Policy(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = allow_reuse_address = True


def contexts(authority):
    """By SNI: the certificate of the name, for stscert.test and stsexpired.test the wrong one."""
    made = {}
    for key in ("mta-sts", "sts-other", "sts-expired"):
        made[key] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made[key].load_cert_chain(authority.path(key + ".chain"))

    def choose(sock, name, _context):
        sock.context = made[{"mta-sts.stscert.test": "sts-other",
                             "mta-sts.stsexpired.test": "sts-expired"}.get(name, "mta-sts")]
    made["mta-sts"].sni_callback = choose
    return made["mta-sts"]


def start(ports, authority):
    servers = [Tls((world.WEB, ports["HTTPS"]), contexts(authority)),
               Policy((world.HOSTS["GREY"].address, ports["GREY"]), Grey)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    return servers
