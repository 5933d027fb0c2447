"""A DPoP client's key (RFC 9449), written apart from the engine's own reading of proofs."""
import hashlib
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from engine import b64url


def number(n):
    return b64url(n.to_bytes((n.bit_length() + 7) // 8, "big"))


class Key:
    """One of ES256, EdDSA and RS256."""

    def __init__(self, alg):
        self.alg = alg
        if alg == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
            at = self.key.public_key().public_numbers()
            self.jwk = {"crv": "P-256", "kty": "EC", "x": b64url(at.x.to_bytes(32, "big")),
                        "y": b64url(at.y.to_bytes(32, "big"))}
        elif alg == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
            raw = self.key.public_key().public_bytes(serialization.Encoding.Raw,
                                                     serialization.PublicFormat.Raw)
            self.jwk = {"crv": "Ed25519", "kty": "OKP", "x": b64url(raw)}
        else:
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            at = self.key.public_key().public_numbers()
            self.jwk = {"e": number(at.e), "kty": "RSA", "n": number(at.n)}

    @staticmethod
    def sha256(data):
        return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).digest()

    @property
    def thumbprint(self):
        """RFC 7638: the members, which stand in the order of their names, and no white space."""
        return b64url(self.sha256(json.dumps(self.jwk, separators=(",", ":"))))

    def sign(self, data):
        if self.alg == "ES256":
            r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.alg == "EdDSA":
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def proof(self, method, url, token=None, **more):
        """For one request; a claim of None is left out."""
        claims = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time()),
                  "ath": b64url(self.sha256(token)) if token else None, **more}
        said = {name: value for name, value in claims.items() if value is not None}
        text = ".".join(b64url(json.dumps(part).encode()) for part in
                        ({"typ": "dpop+jwt", "alg": self.alg, "jwk": self.jwk}, said))
        return text + "." + b64url(self.sign(text.encode()))
