"""Threads that ask for their first clients at the same moment all get them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
AT_ONCE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from chalicelib.aws.clients import Clients

sys.setswitchinterval(1e-6)
names = ("dynamodb", "sqs", "secrets", "ses")
with ThreadPoolExecutor(len(names)) as pool:
    for _ in range(16):
        clients, ready = Clients(), threading.Barrier(len(names))
        list(pool.map(lambda name: (ready.wait(), getattr(clients, name)), names))
"""
PROFILES = """
[profile worker]
role_arn = arn:aws:iam::000000000000:role/worker
source_profile = keys

[profile keys]
aws_access_key_id = AKIAEXAMPLE
aws_secret_access_key = example
"""


def test_threads_of_a_profile_with_a_role_make_their_clients_at_once(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(PROFILES)
    own = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "worker"}
    without_keys = {name: value for name, value in os.environ.items() if "AWS_" not in name}
    made = subprocess.run(
        [sys.executable, "-c", AT_ONCE],
        env=without_keys | own | {"AWS_DEFAULT_REGION": "eu-west-1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
