"""A certification authority for tests: certificates of servers and of clients, good, expired or of
somebody else, as files. Only Debian's python3-cryptography."""
import datetime
import ipaddress
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def write(path, data, mode=0o644):
    """Whole or not at all, as one replaces a certificate under a daemon."""
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as f:
        f.write(data)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


class Authority:
    """Its certificate is at `path`."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name_of(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.path = os.path.join(folder, name.replace(" ", "-") + ".pem")
        cert = self.build(self.name, self.key.public_key(), -30, 30).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True)
        write(self.path, self.signed(cert))

    def build(self, subject, public, since, until):
        now = datetime.datetime.now(datetime.timezone.utc)
        return x509.CertificateBuilder(self.name, subject, public, x509.random_serial_number(),
                                       now + since * DAY, now + until * DAY)

    def signed(self, build):
        return build.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def leaf(self, name, client=False, since=-1, until=20, mode=0o600):
        """(certificate, key): files called after `name`, of 127.0.0.1, from and until so many days
        from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        use = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        build = (self.build(name_of(name), key.public_key(), since, until)
                 .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                 .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
                 .add_extension(x509.SubjectAlternativeName(
                     [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False))
        cert_path, key_path = (os.path.join(self.folder, f"{name}.{end}") for end in ("pem", "key"))
        write(cert_path, self.signed(build))
        write(key_path, key.private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()), mode)
        return cert_path, key_path

    def trust(self, shown=None):
        """An ssl.SSLContext that believes this authority alone, and shows (certificate, key)."""
        context = ssl.create_default_context(cafile=self.path)
        if shown:
            context.load_cert_chain(*shown)
        return context
