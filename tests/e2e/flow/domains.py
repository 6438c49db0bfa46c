"""Every domain and host of peers/world.py: what probe and audit must say of it.

A row: exit code of probe, its findings above info without "flow.", what a sender would do with the
hosts in order (delivery and who decides it); exit code of audit, its findings above info without
"posture.". Domains of one zone share what is not their subject: BELOW is what any domain without
records of its own has.
"""
import concurrent.futures
import os

import world
from table import DOMAINS, HOSTS
from tool import differ, found

AT_ONCE = 4


def decisions(document):
    return [f"{s['delivery']} {s['delivery_by']}" for s in document["servers"] if s["delivery"]]


def probed(mailproof, target):
    code, told = mailproof.probe(target)
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
        out.run(f"domain {domain}: {row.says}", judge_domain, mailproof, domain)
    for name, host in world.HOSTS.items():
        out.run(f"host {host.name}: {host.says}", judge_host, mailproof, name)
