"""Postfix and Dovecot without systemd: configuration and folders of our own, masters in the foreground.

One Postfix plays all hosts: a listener each, with its name, certificate and strictness. It delivers
to Dovecot by LMTP and asks it about passwords; both over TCP, so the two share no folder.
"""
import os
import shutil

import world

SBIN, MASTER_SERVICES = "/usr/lib/postfix/sbin", """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = {sbin}
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}/postfix.log
maillog_file_prefixes = {log}
inet_interfaces = all
inet_protocols = {protocols}
myhostname = mx1.good.test
mydomain = good.test
mynetworks = 127.0.0.99/32
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
virtual_mailbox_domains = texthash:{conf}/domains
virtual_mailbox_maps = texthash:{conf}/mailboxes
virtual_transport = lmtp:inet:{mx1}:{lmtp}
default_transport = discard:nothing leaves the test world
relay_transport = discard:nothing leaves the test world
transport_maps = inline:{{ {{ sink.test = {sink} }} }}
recipient_delimiter = +
message_size_limit = 10485760
smtputf8_enable = yes
biff = no
smtp_tls_CAfile = {ca}
smtp_bind_address = {mx1}
smtp_tls_loglevel = 1
smtp_dns_support_level = dnssec
smtp_tls_security_level = {sending}
smtpd_restriction_classes = greyed
greyed = check_policy_service inet:{grey}:{grey_port}
smtpd_tls_security_level = may
smtpd_tls_chain_files = {chain}/mx1.chain
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{mx1}:{sasl}
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_helo_required = yes
smtpd_client_connection_rate_limit = 0
minimal_backoff_time = 2s
maximal_backoff_time = 5s
queue_run_delay = 2s
maximal_queue_lifetime = 60s
bounce_queue_lifetime = 20s
milter_default_action = tempfail
default_process_limit = 50
"""
DOVECOT = """base_dir = {dir}/run
state_dir = {dir}/state
instance_name = mailproof-peers
log_path = {log}/dovecot.log
protocols = imap pop3 lmtp
listen = {mx1}
hostname = imap.good.test
ssl = yes
ssl_cert = <{chain}/mx1.pem
ssl_key = <{chain}/mx1.key
ssl_dh =
disable_plaintext_auth = yes
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_verbose = yes
first_valid_uid = 1
mail_uid = mail
mail_gid = mail
mail_location = maildir:{mail}/%d/%n
mail_plugins = $mail_plugins quota
recipient_delimiter = +
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {dir}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {dir}/users
  default_fields = uid=mail gid=mail home={mail}/%d/%n
}}
namespace inbox {{
  inbox = yes
}}
plugin {{
  quota = maildir:User quota
}}
service lmtp {{
  inet_listener lmtp {{
    address = {mx1}
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    address = {mx1}
    port = {sasl}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


def write(path, text, mode=0o644):
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w",
              encoding="ascii") as f:
        f.write(text)


class Postfix:
    def __init__(self, state, ports, authority, ipv6, namespace):
        self.dir, self.ports, self.authority, self.ipv6 = (
            os.path.join(state, "postfix"), ports, authority, ipv6)
        self.conf = os.path.join(self.dir, "conf")
        os.makedirs(self.conf)
        mx1, sink = world.HOSTS["MX1"].address, world.HOSTS["SINK"].address
        write(os.path.join(self.conf, "main.cf"), MAIN.format(
            dir=self.dir, conf=self.conf, sbin=SBIN, log=os.path.join(state, "log"), mx1=mx1,
            protocols="all" if ipv6 else "ipv4", lmtp=ports["LMTP"], sasl=ports["SASL"],
            grey=world.HOSTS["GREY"].address, grey_port=ports["GREY"], ca=authority.bundle,
            chain=authority.dir, sending="dane" if namespace else "may",
            # without a namespace Postfix would ask the machine's own resolver
            sink="smtp:" if namespace else f"smtp:[{sink}]:{ports['SMTP']}"))
        domains = world.mail_domains()
        write(os.path.join(self.conf, "domains"), "".join(f"{d} 1\n" for d in domains))
        write(os.path.join(self.conf, "mailboxes"), "".join(
            f"{user}@{d} 1\n" for d in domains for user in world.USERS))
        write(os.path.join(self.conf, "master.cf"), self.listeners() + MASTER_SERVICES)
        for name in os.listdir(self.conf):  # what changed just now, Postfix reads again for 2 s
            os.utime(os.path.join(self.conf, name), (0, 0))
        self.folders()

    def listener(self, address, port, name, cert, options):
        where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        chain = [f"smtpd_tls_chain_files={self.authority.path(cert + '.chain')}"] if cert else []
        options = [o.format(mx1=world.HOSTS["MX1"].address, **self.ports) for o in options]
        words = ["syslog_name=postfix/" + name.split(".")[0], "myhostname=" + name, *chain, *options]
        return f"{where} inet n - n - - smtpd" + "".join(" -o " + w for w in words) + "\n"

    def listeners(self):
        text, port = "", self.ports["SMTP"]
        for host in world.HOSTS.values():
            if host.smtpd is None:
                continue
            text += self.listener(host.address, port, host.name, host.cert, host.smtpd)
            if host.aaaa and self.ipv6:
                text += self.listener(host.aaaa, port, host.name, host.cert, host.smtpd)
        signer = f"content_filter=smtp:[{world.RELAYS['SIGNER'].address}]:{port}"
        for key, name, options in world.MX1_PORTS:
            if key.startswith("SUBMISSION"):
                options = (*options, signer)
            text += self.listener(world.HOSTS["MX1"].address, self.ports[key], name, "mx1", options)
        return text

    def folders(self):
        """The queue that `postfix check` would make: with it the master starts at once."""
        spool = os.path.join(self.dir, "spool")
        for name in ("active bounce corrupt defer deferred flush hold incoming private saved trace "
                     "maildrop public pid").split():
            os.makedirs(os.path.join(spool, name))
        for name in os.listdir(spool):
            path = os.path.join(spool, name)
            if name in ("maildrop", "public"):
                shutil.chown(path, "postfix", "postdrop")
                os.chmod(path, 0o730 if name == "maildrop" else 0o710)
            elif name != "pid":
                shutil.chown(path, "postfix")
                os.chmod(path, 0o700)
        os.makedirs(os.path.join(self.dir, "data"))
        shutil.chown(os.path.join(self.dir, "data"), "postfix")

    def commands(self):
        return {"postfix": [f"{SBIN}/master", "-c", self.conf]}


class Dovecot:
    def __init__(self, state, ports, authority):
        self.dir, mail = os.path.join(state, "dovecot"), os.path.join(state, "mail")
        for path in (mail, os.path.join(self.dir, "run"), os.path.join(self.dir, "state")):
            os.makedirs(path)
        shutil.chown(mail, "mail", "mail")
        users = os.path.join(self.dir, "users")
        extra = {"quota": "userdb_quota_rule=*:bytes=20k"}
        write(users, "".join(f"{u}:{{PLAIN}}{world.PASSWORD.format(u)}::::::{extra.get(u, '')}\n"
                             for u in world.USERS), 0o640)
        shutil.chown(users, None, "dovecot")
        authority.write("mx1.pem", authority.read("mx1.crt") + authority.read("intermediate.crt"))
        self.conf = os.path.join(self.dir, "dovecot.conf")
        write(self.conf, DOVECOT.format(
            dir=self.dir, log=os.path.join(state, "log"), mail=mail, chain=authority.dir,
            mx1=world.HOSTS["MX1"].address, lmtp=ports["LMTP"], sasl=ports["SASL"],
            imap=ports["IMAP"], imaps=ports["IMAPS"], pop3=ports["POP3"], pop3s=ports["POP3S"]))

    def commands(self):
        return {"dovecot": ["dovecot", "-F", "-c", self.conf]}
