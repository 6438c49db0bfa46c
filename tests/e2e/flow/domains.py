"""Every domain and host of peers/world.py: what probe and audit must say of it.

A row: exit code of probe, its findings above info without "flow.", what a sender would do with the
hosts in order (delivery and who decides it); exit code of audit, its findings above info without
"posture.". Domains of one zone share what is not their subject: BELOW is what any domain without
records of its own has.
"""
import concurrent.futures
import json
import os
import tempfile

import world
from table import ARGUMENTS, DOMAINS, HOSTS, NEED_IPV6
from tool import differ, found

AT_ONCE = 4


def decisions(document):
    return [f"{s['delivery']} {s['delivery_by']}" for s in document["servers"] if s["delivery"]]


def probed(mailproof, target):
    code, told = mailproof.probe(*ARGUMENTS.get(target, []), target)
    return code, " ".join(found(told, prefix="flow.")), decisions(told)


def audited(mailproof, domain):
    code, told = mailproof.audit(domain)
    return code, " ".join(found(told, prefix="posture."))


def judge_domain(mailproof, domain):
    probe_code, probe_found, delivery, audit_code, audit_found = DOMAINS[domain]
    got = probed(mailproof, domain)
    problems = differ("probe", got, (probe_code, probe_found, delivery))
    got = audited(mailproof, domain)
    return problems + differ("audit", got, (audit_code, audit_found))


def judge_host(mailproof, name):
    host, port = world.HOSTS[name], os.environ["MP_E2E_PORT_SMTP"]
    return differ("probe", probed(mailproof, f"smtp://{host.name}:{port}"), HOSTS[name])


def one(out, label, judge, mailproof, name):
    if name in NEED_IPV6 and os.environ["MP_E2E_IPV6"] != "1":
        out.skip(label, "no IPv6 here")
    else:
        out.run(label, judge, mailproof, name)


def listed(mailproof):
    for domain, want in (("catchall.good.test", ["dnsbl.listed"]), ("good.test", [])):
        _, told = mailproof.audit("--dnsbl", "dnsbl.test", domain)
        yield from differ(domain, [i for i in found(told, prefix="posture.") if "dnsbl" in i], want)


def before_publishing(mailproof):
    """The file replaces what is published; all else is asked of DNS; --diff tells the difference."""
    with tempfile.TemporaryDirectory() as folder:
        zone, saved = os.path.join(folder, "zone"), os.path.join(folder, "saved.json")
        code, told = mailproof.audit("spfall.good.test")
        with open(saved, "w", encoding="utf-8") as f:
            json.dump(told, f)
        yield from differ("published", "posture.spf.plus-all" in found(told), True)
        with open(zone, "w", encoding="utf-8") as f:
            f.write('@ MX 10 mx1.good.test.\n@ TXT "v=spf1 include:_spf.good.test -all"\n'
                    '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.test"\n'
                    's1._domainkey TXT "v=DKIM1; p="\n')
        code, told = mailproof.audit("--zone-file", zone, "--diff", saved, "spfall.good.test")
        yield from differ("with the file", [i for i in found(told, "high", "posture.")], [])
        yield from differ("exit code", code, 0)
        gone = [g["id"] for g in told["changes"]["gone"]]
        yield from differ("gone", "posture.spf.plus-all" in gone, True)


def show(mailproof):
    """The table as it is now, for whoever changes the world: each line must be argued for."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        rows = [(d, pool.submit(probed, mailproof, d), pool.submit(audited, mailproof, d))
                for d in world.DOMAINS]
        for domain, probe, audit in rows:
            print(f"    {domain!r}: ({', '.join(map(repr, (*probe.result(), *audit.result())))}),")
        port = os.environ["MP_E2E_PORT_SMTP"]
        hosts = [(n, pool.submit(probed, mailproof, f"smtp://{h.name}:{port}"))
                 for n, h in world.HOSTS.items()]
        for name, probe in hosts:
            print(f"    {name!r}: {probe.result()!r},")


def rows(out, mailproof):
    out.row("every domain of the world has its row",
            differ("domains", sorted(DOMAINS), sorted(world.DOMAINS)))
    out.row("every host has its row", differ("hosts", sorted(HOSTS), sorted(world.HOSTS)))
    for domain, row in world.DOMAINS.items():
        one(out, f"domain {domain}: {row.says}", judge_domain, mailproof, domain)
    for name, host in world.HOSTS.items():
        one(out, f"host {host.name}: {host.says}", judge_host, mailproof, name)
    out.run("a DNS list that the domain's host is on", listed, mailproof)
    out.run("a zone file before it is published", before_publishing, mailproof)
