"""Who may do what, with which token, for how long."""

from __future__ import annotations

import pytest

from tumorcast.domain.errors import InputError
from tumorcast.lab.errors import (
    ConflictError,
    ExpiredError,
    NotAllowedError,
    NotFoundError,
    RevokedError,
    SignInError,
)
from tumorcast.lab.roles import MAY
from tumorcast.lab.sessions import check_csrf, end_session, resume_session, start_session
from tumorcast.lab.tokens import authenticate, create_token, list_tokens, revoke_token
from tumorcast.lab.users import SYSTEM, add_user, allowed, change_role, disable_user, user_of_subject


def test_a_token_is_kept_as_its_digest_alone(lab):
    secret, token = create_token(lab.store, lab.admin, lab.doctor.id)
    assert authenticate(lab.store, secret) == lab.doctor
    lab.store.close()
    for path in lab.store.folder.glob("lab.sqlite*"):
        assert secret.encode() not in path.read_bytes()
        assert secret[3:].encode() not in path.read_bytes()
    assert token.id.encode() in b"".join(p.read_bytes() for p in lab.store.folder.glob("lab.sqlite*"))


def test_each_way_of_being_nobody_has_its_own_error(lab):
    secret, token = create_token(lab.store, lab.admin, lab.doctor.id, days=1)
    other, _ = create_token(lab.store, lab.admin, lab.viewer.id)
    with pytest.raises(SignInError) as unknown:
        authenticate(lab.store, secret + "x")
    lab.clock.now += 86400
    with pytest.raises(ExpiredError):
        authenticate(lab.store, secret)
    revoke_token(lab.store, lab.admin, token.id)
    with pytest.raises(RevokedError):
        authenticate(lab.store, secret)
    disable_user(lab.store, lab.admin, lab.viewer.id)
    with pytest.raises(RevokedError):
        authenticate(lab.store, other)
    assert unknown.value.code == "unknown_token"


@pytest.mark.parametrize("strange", ["", "tc_", "\ud800", "x" * 100_000, "tc_' OR 1=1 --"])
def test_strange_tokens_are_only_unknown(lab, strange):
    with pytest.raises(SignInError):
        authenticate(lab.store, strange)


def test_users_make_and_take_back_their_own_tokens_alone(lab):
    _, own = create_token(lab.store, lab.viewer, lab.viewer.id)
    with pytest.raises(NotAllowedError):
        create_token(lab.store, lab.viewer, lab.admin.id)
    with pytest.raises(NotAllowedError):
        revoke_token(lab.store, lab.doctor, own.id)
    revoke_token(lab.store, lab.viewer, own.id)
    assert list_tokens(lab.store, lab.viewer.id)[0].revoked is not None
    with pytest.raises(InputError):
        create_token(lab.store, lab.viewer, lab.viewer.id, days=-1)


def test_every_role_can_do_what_a_viewer_can_and_only_pathologists_sign(lab):
    for action in MAY:
        assert not allowed(lab.viewer, action) or allowed(lab.doctor, action)
        assert not allowed(lab.viewer, action) or allowed(lab.admin, action)
    assert allowed(lab.doctor, "report.sign")
    assert not allowed(lab.admin, "report.sign")
    assert not allowed(disable_user(lab.store, lab.admin, lab.doctor.id), "case.read")


def test_only_admins_manage_users(lab):
    for actor in (lab.viewer, lab.doctor):
        with pytest.raises(NotAllowedError):
            add_user(lab.store, actor, "new", "New", "admin")
    with pytest.raises(ConflictError):
        add_user(lab.store, lab.admin, "admin", "Again", "viewer")
    for user_id, name, role in (
        ("UPPER", "x", "viewer"),
        ("ok", " ", "viewer"),
        ("ok", "x", "boss"),
        ("system", "x", "viewer"),
    ):
        with pytest.raises(InputError):
            add_user(lab.store, lab.admin, user_id, name, role)
    made = add_user(lab.store, SYSTEM, "o.idc", "Olga", "viewer", subject="https://issuer|123")
    assert user_of_subject(lab.store, "https://issuer|123") == made
    assert user_of_subject(lab.store, "https://issuer|124") is None


def test_a_session_ends_idle_in_all_and_by_signing_out(lab):
    secret, _ = start_session(lab.store, lab.doctor)
    for _ in range(22):
        lab.clock.now += 1800
        assert resume_session(lab.store, secret).user == lab.doctor
    lab.clock.now += 3601
    with pytest.raises(ExpiredError):
        resume_session(lab.store, secret)
    second, _ = start_session(lab.store, lab.doctor)
    for _ in range(23):
        lab.clock.now += 1800
        resume_session(lab.store, second)
    lab.clock.now += 1800
    with pytest.raises(ExpiredError):
        resume_session(lab.store, second)
    third, _ = start_session(lab.store, lab.doctor)
    end_session(lab.store, third)
    with pytest.raises(RevokedError):
        resume_session(lab.store, third)
    with pytest.raises(SignInError):
        resume_session(lab.store, "nothing")


def test_another_role_ends_the_sessions_of_the_old_one(lab):
    secret, _ = start_session(lab.store, lab.doctor)
    change_role(lab.store, lab.admin, lab.doctor.id, "viewer")
    with pytest.raises(RevokedError):
        resume_session(lab.store, secret)
    with pytest.raises(NotFoundError):
        change_role(lab.store, lab.admin, "nobody", "viewer")


def test_a_forged_request_is_refused(lab):
    _, one = start_session(lab.store, lab.doctor)
    _, two = start_session(lab.store, lab.viewer)
    check_csrf(one, one.csrf)
    for given in (None, "", two.csrf, one.csrf + "x", "\ud800"):
        with pytest.raises(NotAllowedError):
            check_csrf(one, given)
