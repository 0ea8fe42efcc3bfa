"""What Prometheus reads: requests, uploads, the queue, the worker; a registry of the application's own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class WebMetrics:
    """Counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "tumorcast_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self._latency = Histogram(
            "tumorcast_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=registry
        )
        self._upload_bytes = Counter("tumorcast_upload_bytes", "Bytes of files taken in", registry=registry)
        self._refused_uploads = Counter("tumorcast_uploads_refused", "Files refused", registry=registry)
        self._failed_sign_ins = Counter("tumorcast_sign_ins_failed", "Sign-ins refused", registry=registry)
        self._restarts = Counter(
            "tumorcast_worker_restarts", "Workers started again after they ended", registry=registry
        )
        self._jobs = Gauge("tumorcast_jobs", "Jobs by state", ["state"], registry=registry)
        self._predictions = Gauge(
            "tumorcast_predictions", "Predictions by status", ["status"], registry=registry
        )
        self._queue_age = Gauge(
            "tumorcast_queue_age_seconds", "Age of the oldest waiting job", registry=registry
        )

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def count_upload(self, n_bytes: int) -> None:
        """A file was taken in."""
        self._upload_bytes.inc(n_bytes)

    def count_refused_upload(self) -> None:
        """A file was refused."""
        self._refused_uploads.inc()

    def count_failed_sign_in(self) -> None:
        """Somebody was not let in."""
        self._failed_sign_ins.inc()

    def count_restart(self) -> None:
        """The worker ended and was started again."""
        self._restarts.inc()

    def text(self, jobs: dict[str, int], predictions: dict[str, int], queue_age_seconds: float) -> bytes:
        """Prometheus' text format, with the queue as it is now."""
        for state, count in jobs.items():
            self._jobs.labels(state).set(count)
        for status, count in predictions.items():
            self._predictions.labels(status).set(count)
        self._queue_age.set(queue_age_seconds)
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
