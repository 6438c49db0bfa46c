"""The DNS of the test world: zones made from the tables, signed by ldns, served by nsd on two
addresses, resolved and validated by unbound from our own trust anchor. No query leaves the machine.
"""
import base64
import ipaddress
import os
import subprocess

import ca
import world

SOA = ("$ORIGIN {zone}.\n$TTL 3600\n"
       "@ SOA ns1.test. hostmaster.test. 2026010101 7200 3600 1209600 300\n")
ONE_SERVER = ("plain.test", "weak.test")
KEYS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../keys"))

NSD = """server:
{listen}  username: ""
  chroot: ""
  zonesdir: "{dir}"
  database: ""
  zonelistfile: "{dir}/zone.list"
  xfrdfile: "{dir}/xfrd.state"
  xfrdir: "{dir}"
  pidfile: ""
  logfile: "{log}"
  server-count: 1
  hide-version: yes
remote-control:
  control-enable: no
"""
UNBOUND = """server:
  interface: {resolver}@{port}
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: ""
  logfile: "{log}"
  use-syslog: no
  verbosity: 1
  val-log-level: 2
  do-ip6: no
  do-daemonize: no
  num-threads: 1
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "{anchor}"
  ede: yes
  minimal-responses: no
  local-zone: "." refuse
  local-zone: "example." static
{ours}remote-control:
  control-enable: no
"""
STUB = 'stub-zone:\n  name: "{name}"\n  stub-addr: {ns1}@{port}\n  stub-addr: {ns2}@{port}\n'


def txt(text):
    """A TXT value as the zone file wants it: strings of at most 255 bytes."""
    return " ".join(f'"{text[i:i + 250]}"' for i in range(0, len(text), 250))


def public_key(name):
    """The p= of one of the project's test keys."""
    der = ca.openssl("pkey", "-in", os.path.join(KEYS, name + ".pem"), "-pubout", "-outform", "DER")
    raw = der[-32:] if name == "ed25519" else der
    return base64.b64encode(raw).decode()


def zone_of(name):
    """The longest zone of the table that holds this name; "test" when none does."""
    labels = name.split(".")
    for i in range(len(labels)):
        if ".".join(labels[i:]) in world.ZONES:
            return ".".join(labels[i:])
    return "test"


class Names:
    def __init__(self, state, ports, authority, ipv6):
        self.dir, self.ports, self.authority, self.ipv6 = (
            os.path.join(state, "dns"), ports, authority, ipv6)
        self.anchor = os.path.join(self.dir, "anchor.ds")
        self.log = os.path.join(state, "log")
        os.makedirs(self.dir)
        self.records = {zone: [] for zone in [*world.ZONES, "test"]}
        self.collect()
        self.write_zones()
        self.write_conf()

    def add(self, name, rest):
        self.records[zone_of(name)].append(f"{name}. {rest}")

    def collect(self):
        """Every record of the tables, each into the zone it belongs to."""
        for host in world.HOSTS.values():
            self.add(host.name, "A " + host.address)
            addresses = [host.address]
            if host.aaaa and self.ipv6:
                self.add(host.name, "AAAA " + host.aaaa)
                addresses.append(host.aaaa)
            for row in host.tlsa:
                usage, selector, matching, key = row.split()
                data = self.authority.association(selector, matching, key)
                self.add(f"_{self.ports['SMTP']}._tcp.{host.name}",
                         f"TLSA {usage} {selector} {matching} {data}")
            for address in addresses:
                for target in (host.name,) if host.ptr is None else host.ptr:
                    self.add(ipaddress.ip_address(address).reverse_pointer, f"PTR {target}.")
        for relay in world.RELAYS.values():
            self.add(relay.name, "A " + relay.address)
            self.add(ipaddress.ip_address(relay.address).reverse_pointer, f"PTR {relay.name}.")
        self.add("1.0.0.127.in-addr.arpa", "PTR localhost.")
        dkim = [f"sel1._domainkey TXT {txt('v=DKIM1; k=rsa; p=' + public_key('rsa2048'))}",
                f"sel2._domainkey TXT {txt('v=DKIM1; k=ed25519; p=' + public_key('ed25519'))}"]
        words = {"web": world.WEB, "dkim": "\n".join(dkim), "rsa512": public_key("rsa512"),
                 "rsa1024": public_key("rsa1024"),
                 "colon_https": "" if self.ports["HTTPS"] == 443 else f":{self.ports['HTTPS']}"}
        words.update({k.lower(): v for k, v in self.ports.items()})
        words.update({k.lower(): h.address for k, h in world.HOSTS.items()})
        for domain, row in world.DOMAINS.items():
            for line in filter(None, row.records.format(domain=domain, **words).split("\n")):
                owner, rest = line.split(" ", 1)
                if not owner.endswith("."):
                    owner = domain if owner == "@" else f"{owner}.{domain}"
                self.add(owner.rstrip("."), self.absolute(rest, domain))

    @staticmethod
    def absolute(rest, domain):
        """Relative targets belong to the domain of the row, not to the zone the record lands in."""
        kind, value = rest.split(" ", 1)
        if kind not in ("MX", "SRV", "CNAME") or value.endswith("."):
            return rest
        head, target = value.rpartition(" ")[::2]
        return f"{kind} {head} {domain if target == '@' else target + '.' + domain}."

    def tool(self, *args):
        done = subprocess.run(args, cwd=self.dir, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(args[:2])}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def key(self, zone):
        """One key signs a zone and its key set; returns its base name."""
        return self.tool("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone)

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def write_zones(self):
        """Children first, each leaving NS and DS in its parent; test. last, leaving the anchor."""
        self.files = {}
        for zone in sorted([*world.ZONES, "test"], key=lambda z: -z.count(".")):
            kind = world.ZONES.get(zone, "secure")
            servers = ["ns1.test."] if zone in ONE_SERVER else ["ns1.test.", "ns2.test."]
            text = SOA.format(zone=zone) + "".join(f"@ NS {s}\n" for s in servers)
            if zone == "test":
                text += f"ns1 A {world.NS1}\nns2 A {world.NS2}\nns-silent A 127.0.53.9\n"
            text += "\n".join(self.records[zone]) + "\n"
            self.parent(zone, kind, servers)
            if kind == "lame":  # nsd knows the zone but finds no file: SERVFAIL
                self.files[zone] = "none"
            if kind in ("lame", "silent"):
                continue
            self.files[zone] = self.write(zone + ".zone", text)
            if kind in ("secure", "bogus", "stale"):
                self.sign(zone, kind)

    def parent(self, zone, kind, servers):
        if zone.endswith(".arpa") or zone == "test":
            return
        up = zone_of(zone.split(".", 1)[1])
        for server in ["ns-silent.test."] if kind == "silent" else servers:
            self.records[up].append(f"{zone}. NS {server}")
        if kind in ("bogus", "stripped"):
            self.records[up].append(self.tool("ldns-key2ds", "-n", "-2", self.key(zone) + ".key"))

    def sign(self, zone, kind):
        key = self.key(zone)
        dates = ["-i", "20200101000000", "-e", "20200201000000"] if kind == "stale" else []
        self.tool("ldns-signzone", "-n", "-t", "0", *dates, zone + ".zone", key)
        self.files[zone] += ".signed"
        ds = self.tool("ldns-key2ds", "-n", "-2", key + ".key")
        if zone == "test":
            self.write("anchor.ds", ds + "\n")
        elif kind != "bogus":
            self.records[zone_of(zone.split(".", 1)[1])].append(ds)

    def write_conf(self):
        port = self.ports["DNS"]
        listen = "".join(f"  ip-address: {a}@{port}\n" for a in (world.NS1, world.NS2))
        zones = "".join(f'zone:\n  name: "{z}"\n  zonefile: "{f}"\n' for z, f in self.files.items())
        self.nsd = self.write("nsd.conf", NSD.format(
            listen=listen, dir=self.dir, log=os.path.join(self.log, "nsd.log")) + zones)
        arpa = [z for z in world.ZONES if z.endswith(".arpa")]
        roots = [z + "." for z in ("test", *arpa)]
        ours = "".join(f'  local-zone: "{z}" transparent\n' for z in roots)
        if port != 53:  # a delegation cannot name a port, so every zone is a stub
            roots += [z + "." for z, kind in world.ZONES.items() if z not in arpa and kind != "silent"]
        stubs = "".join(STUB.format(name=z, ns1=world.NS1, ns2=world.NS2, port=port) for z in roots)
        self.unbound = self.write("unbound.conf", UNBOUND.format(
            resolver=world.RESOLVER, port=port, dir=self.dir, anchor=self.anchor, ours=ours,
            log=os.path.join(self.log, "unbound.log")) + stubs)

    def commands(self):
        return {"nsd": ["nsd", "-d", "-c", self.nsd], "unbound": ["unbound", "-d", "-c", self.unbound]}
