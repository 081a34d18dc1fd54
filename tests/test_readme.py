"""The examples of the README and of docs/ do what they show, and so does examples/gateway.py."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [path for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))] if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_do_what_they_show(page):
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted
    assert not result.failed


def gateway(*arguments):
    command = [sys.executable, str(ROOT / "examples/gateway.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


def test_the_gateway_changes_one_field_and_keeps_every_other_byte_of_information(tmp_path):
    order = b'{"id":1,"status":"%s","customer":{"id":2,"tier":1.50},"total":10.00,"n":[1e400,{"a":"\\u00e9"}],"big":123456789012345678901}'
    orders = tmp_path / "orders.jsonl"
    orders.write_bytes(order % b"new" + b"\n" + order % b"held" + b"\n")
    done = gateway(orders)
    assert done.stdout.splitlines() == [order % b"checked", order % b"held"]
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_gateway_refuses_what_is_no_order_and_goes_on_behind_it(tmp_path):
    orders = tmp_path / "orders.jsonl"
    deep = b'{"id":1,"status":"new","customer":{"id":2},"x":' + b"[" * 5000 + b"]" * 5000 + b"}"
    orders.write_bytes(b"\n".join([b'{"id":true}', b'{"id"', deep, b'{"id":4,"status":"new","customer":{"id":5}}']))
    done = gateway(orders)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [4]
    assert done.stderr.count(b"refused: ") == 3
    assert done.returncode == 1
