"""Passwords in addresses: refused in settings, hidden in messages and in the names of files."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tumorcast.config.tracking import TrackingConfig
from tumorcast.domain.addresses import without_password
from tumorcast.training.search_storage import told_address
from tumorcast.training.sent import Sent, problem_of


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://mlflow:geheim/7@db/mlflow",
        "postgresql://mlflow:geheim?7@db/mlflow",
        "postgresql://mlflow:@geheim@db/mlflow",
        "postgresql:///mlflow?host=db&user=m&password=geheim",
        "mssql+pyodbc:///?odbc_connect=SERVER%3Ddb%3BPWD%3Dgeheim",
        "https://geheim@db/mlflow",
    ],
)
def test_no_way_of_writing_a_password_gets_through(address, tmp_path):
    with pytest.raises(ValidationError, match="password"):
        TrackingConfig(uri=address)
    for told in (
        without_password(address),
        told_address(address),
        problem_of(OSError(f"at {address}")),
    ):
        assert "geheim" not in told
        assert "db" in told or "mssql" in told
    assert Sent.of(tmp_path, address).path == Sent.of(tmp_path, address.replace("geheim", "neu")).path


def test_addresses_without_a_password_are_taken_and_told_apart(tmp_path):
    plain = [
        "postgresql:///mlflow?host=a",
        "postgresql:///mlflow?host=b",
        "sqlite:///C:/a@b.db",
        "http://h/a:b@c",
    ]
    for address in plain:
        assert TrackingConfig(uri=address).uri == without_password(address) == address
    assert len({Sent.of(tmp_path, address).path for address in plain}) == len(plain)
