"""Trees as RFC 6962 has them."""

from hashlib import sha256

import pytest

from app.points.merkle import leaf_hash, leaf_text, node_hash, path_to_root, root_of

# The reference tree of Certificate Transparency's test data: eight leaves and the roots over the first n of them.
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_those_of_the_reference(count: int) -> None:
    hashes = [sha256(b"\x00" + bytes.fromhex(leaf)).digest() for leaf in LEAVES[:count]]
    assert root_of(hashes).hex() == ROOTS[count - 1]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 31, 1000])
def test_every_path_leads_to_the_root(count: int) -> None:
    hashes = [leaf_hash(str(number)) for number in range(count)]
    root = root_of(hashes)
    for position in range(0, count, max(1, count // 20)):
        found = hashes[position]
        for step in path_to_root(hashes, position):
            other = bytes.fromhex(step.hash)
            found = node_hash(other, found) if step.side == "left" else node_hash(found, other)
        assert found == root


def test_a_leaf_is_canonical_json_and_knows_its_book() -> None:
    said = leaf_text("transfer", ("amount", "kind", "reverses_id"), (5, "礼“品", None))
    assert said == '{"book":"transfer","amount":5,"kind":"礼“品","reverses_id":null}'
    assert leaf_text("wallet", ("id",), (1,)) != leaf_text("account", ("id",), (1,))
