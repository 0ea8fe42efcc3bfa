"""The API does what its description says, whatever is sent to it (schemathesis, in-process)."""

from __future__ import annotations

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

load_all_checks()
_OWN_WORD = re.compile("/files/|/sign|/amend|/withdraw|/users$|/activate")
"""Whether these take what the description allows also depends on what is there, or on what a file holds."""
_IDS = re.compile("[cjr][0-9a-f]{16}|[a-z0-9][a-z0-9._@-]{0,63}")


@pytest.fixture
def ids(new_site) -> dict[str, object]:
    """Things that are there, by the name of their path parameter."""
    site = new_site(host_names=("*",), sign_in_tries=10**6)
    case_id = site.case()
    report_id = site.report(case_id)
    return {
        "site": site, "case_id": case_id, "report_id": report_id, "job_id": "j" + report_id[1:], "user_id": "viewer",
    }  # fmt: skip


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_address_keeps_its_word(ids, mode):
    site = ids["site"]
    schema = schemathesis.openapi.from_asgi("/openapi.json", site.client.app, headers=site.bearer("admin"))
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 25
    tried = [operation.label for operation in operations if _is_kept(operation, mode, ids)]
    assert len(tried) > 20


def _is_kept(operation, mode: GenerationMode, ids: dict[str, object]) -> bool:
    """False where there is nothing to be sent that could be wrong."""
    left_out = [positive_data_acceptance] if _OWN_WORD.search(operation.path) else []
    headers = ids["site"].bearer("pathologist" if "/reports/" in operation.path else "admin")

    @settings(
        max_examples=6, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case) -> None:
        for name, value in list((case.path_parameters or {}).items()):
            if name in ids and _IDS.fullmatch(str(value)):
                case.path_parameters[name] = ids[name]
        case.call_and_validate(headers=headers, excluded_checks=left_out)

    try:
        check()
        return True
    except Unsatisfiable:
        return False
    except BaseExceptionGroup as group:
        raise AssertionError(f"{operation.label}: {group.exceptions[0]}") from group
