"""Check, without Linli, that a transfer of yours was sealed as you were told.

It needs Python and one package: pip install cryptography

    python verify_transfer.py proof.json PUBLIC_KEY

proof.json is the answer of GET /api/v1/me/points/transfers/{id}/proof; PUBLIC_KEY is the one your community has
published (`flask --app wsgi ledger public-key`), not the one in the file: that one anybody could have made.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

proof = json.load(open(sys.argv[1], encoding="utf-8"))
key = Ed25519PublicKey.from_public_bytes(base64.b64decode(sys.argv[2]))

# A leaf is the transfer itself; RFC 6962 puts 0 before a leaf and 1 before two neighbours.
found = hashlib.sha256(b"\x00" + proof["leaf"].encode()).digest()
for step in proof["path"]:
    other = bytes.fromhex(step["hash"])
    pair = other + found if step["side"] == "left" else found + other
    found = hashlib.sha256(b"\x01" + pair).digest()

if found.hex() != json.loads(proof["header"])["root"]:
    sys.exit("NOT PROVED: the transfer is not in this block")
try:
    key.verify(base64.b64decode(proof["signature"]), proof["header"].encode())
except InvalidSignature:
    sys.exit("NOT PROVED: the block was not signed with this key")
print("PROVED:", proof["leaf"])
