"""The metric catalogue: every metric of the three services, with its unit and its meaning.

Beside these each process tells of itself what every process does: `process_cpu_seconds_total`,
`process_start_time_seconds`, `process_resident_memory_bytes` and its like.
"""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the catalogue; labels never hold personal data."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()


CATALOGUE: tuple[Metric, ...] = (
    Metric("http_requests_total", "counter", "requests", "Requests answered.", ("route", "status")),
    Metric("http_request_seconds", "histogram", "seconds", "Time to answer a request.", ("route",)),
    Metric("applications_accepted_total", "counter", "applications", "Committed at intake."),
    Metric("applications_replayed_total", "counter", "applications", "Repeats of a receipt."),
    Metric("intake_waiting", "gauge", "requests", "Requests that wait for a group commit."),
    Metric("admission_limit", "gauge", "requests", "In hand at most, before new are refused."),
    Metric("admission_in_hand", "gauge", "requests", "Requests in hand."),
    Metric("admission_refused_total", "counter", "requests", "No room was left.", ("kind",)),
    Metric("intake_refused_total", "counter", "requests", "Refused by 503.", ("reason",)),
    Metric("outbox_published_total", "counter", "events", "Events that Kafka confirmed."),
    Metric("outbox_oldest_seconds", "gauge", "seconds", "Age of the oldest unpublished event."),
    Metric("consumer_messages_total", "counter", "messages", "Taken from a topic.", ("topic",)),
    Metric("consumer_held_total", "counter", "messages", "Held.", ("topic", "error_class")),
    Metric("consumer_positions_missed_total", "counter", "batches", "Positions lost to another."),
    Metric("consumer_last_poll_seconds", "gauge", "seconds since epoch", "Last poll of Kafka."),
    Metric("consumer_stopped", "gauge", "0 or 1", "1: it must not go on, and the log says why."),
    Metric("held_messages", "gauge", "messages", "Messages held now."),
    Metric("key_days_ahead", "gauge", "days", "Days after today whose sealing keys are there."),
    Metric("dwp_calls_total", "counter", "calls", "Calls to DWP.", ("outcome",)),
    Metric("dwp_call_seconds", "histogram", "seconds", "Time of a call to DWP."),
    Metric("dwp_lookups_total", "counter", "look-ups", "Look-ups sent to DWP."),
    Metric("dwp_breaker_open", "gauge", "0 or 1", "1: the circuit breaker is open, nobody asks."),
    Metric("verification_decided_total", "counter", "attempts", "Outcomes decided.", ("result",)),
    Metric("verification_parked", "gauge", "attempts", "Attempts that wait for DWP.", ("reason",)),
    Metric(
        "verification_parked_oldest_seconds",
        "gauge",
        "seconds",
        "Time since the oldest that waits was parked.",
        ("reason",),
    ),
    Metric(
        "verification_pending_total",
        "counter",
        "attempts",
        "Attempts that went on to their ERO before DWP had answered.",
    ),
    Metric(
        "gateway_refused_total",
        "counter",
        "requests",
        "Refused for who called: unknown, from another address, too fast, a spoofed certificate.",
        ("reason",),
    ),
    Metric(
        "gateway_eros_file_unusable",
        "gauge",
        "0 or 1",
        "1: the EROs' file is wrong as it is now, and what it said before counts.",
    ),
    Metric("gateway_queued", "gauge", "records", "Records that wait for an EMS, at most 10,000."),
    Metric("gateway_oldest_seconds", "gauge", "seconds", "Age of the oldest waiting record."),
    Metric("gateway_acknowledged_total", "counter", "records", "Answered by an EMS.", ("status",)),
    Metric("gateway_taken_total", "counter", "attempts", "Taken from councils.", ("what",)),
    Metric("gateway_held", "gauge", "records", "Records held at the gateway.", ("reason",)),
    Metric(
        "gateway_overdue",
        "gauge",
        "records",
        "Records that have waited longer than a day (1d), or five (5d), for an ERO's system.",
        ("ero", "over"),
    ),
    Metric("gateway_ero_held", "gauge", "records", "Held, by ERO.", ("ero", "reason")),
    Metric(
        "gateway_last_pull_seconds",
        "gauge",
        "seconds since epoch",
        "When an ERO's system was last given a page or a lease, to the minute.",
        ("ero",),
    ),
    Metric("gateway_on_hold", "gauge", "0 or 1", "1: delivery to this ERO pauses.", ("ero",)),
    Metric("gateway_determined_total", "counter", "applications", "Determined.", ("outcome",)),
    Metric(
        "gateway_notices",
        "gauge",
        "notices",
        "Notices to previous EROs that wait or are held, each at most 10,000.",
        ("state",),
    ),
    Metric(
        "gateway_notices_overdue",
        "gauge",
        "notices",
        "Notices that have waited longer than a day for an ERO's system.",
        ("ero",),
    ),
    Metric(
        "helper_sign_ins_total",
        "counter",
        "sign-ins",
        "Helpers who tried to sign in to the form: signed-in, refused.",
        ("outcome",),
    ),
    Metric(
        "accepted_unverified_oldest_seconds",
        "gauge",
        "seconds",
        "Age of the oldest application accepted more than 5 minutes ago without an outcome.",
    ),
    Metric("form_waiting", "gauge", "people", "In the form's queue, as far as this process knows."),
    Metric("form_sessions_expired_total", "counter", "sessions", "Ended by time, and deleted."),
    Metric("notify_calls_total", "counter", "calls", "Calls to Notify.", ("outcome",)),
    Metric("notify_call_seconds", "histogram", "seconds", "Time of a call to Notify."),
    Metric("notifications_sent_total", "counter", "messages", "Copies of receipts sent."),
    Metric(
        "notifications_unfinished",
        "gauge",
        "messages",
        "Copies of receipts that wait, or are held: given up, with a reason.",
        ("state",),
    ),
)

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one process, made from the catalogue on first use."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._entries = {metric.name: metric for metric in CATALOGUE}
        self._made: dict[str, Counter | Gauge | Histogram] = {}

    def counter(self, name: str) -> Counter:
        made = self._made.get(name) or self._make(name)
        assert isinstance(made, Counter), name
        return made

    def gauge(self, name: str) -> Gauge:
        made = self._made.get(name) or self._make(name)
        assert isinstance(made, Gauge), name
        return made

    def histogram(self, name: str) -> Histogram:
        made = self._made.get(name) or self._make(name)
        assert isinstance(made, Histogram), name
        return made

    def exposition(self) -> bytes:
        """Write all in Prometheus's text format."""
        return generate_latest(self._registry)

    def _make(self, name: str) -> Counter | Gauge | Histogram:
        entry = self._entries[name]  # a metric that is not in the catalogue does not exist
        made: Counter | Gauge | Histogram
        if entry.kind == "counter":
            made = Counter(name, entry.meaning, entry.labels, registry=self._registry)
        elif entry.kind == "gauge":
            made = Gauge(name, entry.meaning, entry.labels, registry=self._registry)
        else:
            made = Histogram(
                name, entry.meaning, entry.labels, registry=self._registry, buckets=_BUCKETS
            )
        self._made[name] = made
        return made
