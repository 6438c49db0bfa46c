"""A throw-away CA with an intermediate, the certificates of world.CERTS, and their TLSA data."""
import hashlib
import os
import subprocess
import time

import world

CONF = """[req]
distinguished_name = dn
[dn]
[ca]
default_ca = own
[own]
database = {dir}/db/index
serial = {dir}/db/serial
new_certs_dir = {dir}/db
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def openssl(*args, text=None):
    done = subprocess.run(["openssl", *args], input=text, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Authority:
    """ca/NAME.{key,crt}: each certificate; ca/NAME.chain: key, certificate and what is sent behind."""

    def __init__(self, state):
        self.dir = os.path.join(state, "ca")
        os.makedirs(os.path.join(self.dir, "db"))
        self.write("ca.cnf", CONF.format(dir=self.dir))
        self.write("db/index", "")
        self.write("db/serial", "1000\n")
        self.issue("ca", "mailproof e2e root", "authority", "", (-10, 3650))
        self.issue("intermediate", "mailproof e2e intermediate", "authority", "ca", (-10, 3000))
        for key, cert in world.CERTS.items():
            names = cert.names.split()
            self.issue(key, names[0], "leaf", cert.issuer, cert.days, names)
            parts = [self.read(key + ".key"), self.read(key + ".crt")]
            parts += [self.read(link + ".crt") for link in cert.chain]
            self.write(key + ".chain", "".join(parts))
        self.bundle = self.path("ca.crt")

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as f:
            return f.read()

    def write(self, name, text):
        with open(os.open(self.path(name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644
                          if name.endswith((".crt", ".cnf")) else 0o600), "w",
                  encoding="ascii") as f:
            f.write(text)

    def issue(self, key, subject, kind, issuer, days, names=()):
        """One certificate. `openssl ca`, because only it takes a start in the past."""
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-out", self.path(key + ".key"))
        openssl("req", "-new", "-config", self.path("ca.cnf"), "-key", self.path(key + ".key"),
                "-subj", "/CN=" + subject, "-out", self.path(key + ".csr"))
        extensions = CONF.format(dir=self.dir)
        if names:
            extensions = extensions.replace("[leaf]\n", "[leaf]\nsubjectAltName = " +
                                            ",".join("DNS:" + n for n in names) + "\n")
        if not issuer:
            extensions = extensions.replace("authorityKeyIdentifier = keyid\n", "")
        self.write(key + ".ext", extensions)
        dates = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + d * 86400 - 3600))
                 for d in days]
        signer = ["-cert", self.path(issuer + ".crt"), "-keyfile", self.path(issuer + ".key")] \
            if issuer else ["-selfsign", "-keyfile", self.path(key + ".key")]
        openssl("ca", "-batch", "-notext", "-config", self.path("ca.cnf"), *signer,
                "-extfile", self.path(key + ".ext"), "-extensions", kind,
                "-startdate", dates[0], "-enddate", dates[1],
                "-in", self.path(key + ".csr"), "-out", self.path(key + ".crt"))

    def association(self, selector, matching, key):
        """What a TLSA record holds (RFC 6698 2.1): selector 0 the certificate, 1 its public key."""
        if selector == "1":
            public = openssl("x509", "-in", self.path(key + ".crt"), "-noout", "-pubkey")
            data = openssl("pkey", "-pubin", "-outform", "DER", text=public)
        else:
            data = openssl("x509", "-in", self.path(key + ".crt"), "-outform", "DER")
        digest = {"1": hashlib.sha256, "2": hashlib.sha512}.get(matching)
        return digest(data).hexdigest() if digest else data.hex()
