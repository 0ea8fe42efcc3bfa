"""Tables of `lab.sqlite`, as steps from one version to the next; a step that was released is never changed."""

from __future__ import annotations

_FIRST = """
CREATE TABLE lab (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE users (
    id TEXT PRIMARY KEY, display_name TEXT NOT NULL, role TEXT NOT NULL, is_active INTEGER NOT NULL DEFAULT 1,
    subject TEXT UNIQUE, created REAL NOT NULL
);
CREATE TABLE tokens (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), digest TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL, revoked REAL
);
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), csrf TEXT NOT NULL,
    created REAL NOT NULL, seen REAL NOT NULL, expires REAL NOT NULL, revoked REAL
);
CREATE TABLE bundles (
    id TEXT PRIMARY KEY, model_id TEXT NOT NULL, seal TEXT NOT NULL UNIQUE, training_data TEXT NOT NULL,
    signed_by TEXT NOT NULL, state TEXT NOT NULL, added REAL NOT NULL, added_by TEXT NOT NULL
);
CREATE TABLE activations (
    n INTEGER PRIMARY KEY AUTOINCREMENT, bundle_id TEXT NOT NULL REFERENCES bundles (id), at REAL NOT NULL,
    by TEXT NOT NULL
);
CREATE TABLE cases (
    id TEXT PRIMARY KEY, patient_id TEXT NOT NULL, title TEXT NOT NULL, facts TEXT NOT NULL,
    created REAL NOT NULL, created_by TEXT NOT NULL, changed REAL NOT NULL
);
CREATE INDEX cases_by_patient ON cases (patient_id);
CREATE TABLE files (
    id TEXT PRIMARY KEY, case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE, kind TEXT NOT NULL,
    name TEXT NOT NULL, disk_name TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    added REAL NOT NULL, added_by TEXT NOT NULL
);
CREATE INDEX files_by_case ON files (case_id);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, case_id TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    bundle_id TEXT NOT NULL REFERENCES bundles (id), kind TEXT NOT NULL, options TEXT NOT NULL,
    state TEXT NOT NULL, stage TEXT NOT NULL DEFAULT '', done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, worker TEXT, lease_until REAL,
    error_code TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', submitted REAL NOT NULL,
    submitted_by TEXT NOT NULL, started REAL, ended REAL
);
CREATE INDEX jobs_by_state ON jobs (state, submitted);
CREATE INDEX jobs_by_case ON jobs (case_id);
CREATE TABLE results (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE, status TEXT NOT NULL, reason TEXT NOT NULL,
    summary TEXT NOT NULL, written REAL NOT NULL
);
CREATE TABLE reports (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL UNIQUE REFERENCES jobs (id) ON DELETE CASCADE,
    version INTEGER NOT NULL, status TEXT NOT NULL
);
CREATE TABLE report_versions (
    report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE, version INTEGER NOT NULL,
    status TEXT NOT NULL, by TEXT NOT NULL, by_name TEXT NOT NULL, at REAL NOT NULL, comment TEXT NOT NULL,
    sha256 TEXT NOT NULL, PRIMARY KEY (report_id, version)
);
CREATE TABLE audit (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, user_id TEXT NOT NULL, action TEXT NOT NULL, objects TEXT NOT NULL,
    model_id TEXT NOT NULL, seal TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
);
"""

_FIRST_TRIGGERS = (
    "CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    "CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
)

_SITE = """
CREATE TABLE site_records (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, model_id TEXT NOT NULL, seal TEXT NOT NULL, about TEXT NOT NULL,
    at REAL NOT NULL, by TEXT NOT NULL, by_name TEXT NOT NULL, sha256 TEXT NOT NULL, record TEXT NOT NULL
);
CREATE INDEX site_records_by_kind ON site_records (kind, model_id, at);
CREATE TABLE case_numbers (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE, model_id TEXT NOT NULL, at REAL NOT NULL,
    scanner TEXT NOT NULL, p_like REAL, numbers TEXT NOT NULL
);
CREATE INDEX case_numbers_by_time ON case_numbers (model_id, at)
"""

_SITE_TRIGGERS = tuple(
    f"CREATE TRIGGER site_records_{word} BEFORE {word} ON site_records BEGIN SELECT RAISE(ABORT,"
    " 'site records are append-only'); END"
    for word in ("UPDATE", "DELETE")
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (*(part.strip() for part in _FIRST.split(";") if part.strip()), *_FIRST_TRIGGERS),
    (*(part.strip() for part in _SITE.split(";") if part.strip()), *_SITE_TRIGGERS),
)
"""Statements of each step; the database's `user_version` is the number of steps that it has seen."""
