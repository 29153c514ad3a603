"""Who is told what: log lines that want a person, deployables that do not answer, dead letters, jobs, the certificate,
objectives that are missed (infra/objectives.py), and money.
"""

from typing import Final

import pulumi
from pulumi_gcp import billing, logging, monitoring

from infra.load_balancer import HEALTH
from infra.messaging import DEAD_LETTERS
from infra.objectives import ALERTS, Alert, Urgency, runbook
from infra.rotation_notices import ROTATIONS
from infra.routes import ROUTES
from infra.stack import Stack

CRITICAL_LINES: Final = ("alert-unanswered", "probe-alert-missing", "probe-not-sent", "messages-unscored")
"""Log lines of severity CRITICAL that docs/runbook.md says what to do about."""
NUMBERS: Final = ("METRICS_ENABLED", "METRICS_EXPORT_SECONDS", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Settings without all of which no number reaches Cloud Monitoring, and nothing that looks at numbers is made."""
SEVERITIES: Final[dict[Urgency, str]] = {"page": "CRITICAL", "ticket": "WARNING"}
ABOVE: Final = "COMPARISON_GT"
BELOW: Final = "COMPARISON_LT"
CERTIFICATE_DAYS: Final = 21
"""Google renews its certificates a month before their end."""
MINUTE: Final = "60s"
PLACES: Final = ("USA_OREGON", "USA_IOWA", "USA_VIRGINIA")
"""Where it is looked from: the fewest there may be. A million looks a month are free; each thousand more is $0.30."""
BUDGET_SHARES: Final = (0.5, 0.8, 1.0)


def create(stack: Stack) -> None:
    """Everything that tells the operator of a stack."""
    channel = monitoring.NotificationChannel(
        "operator",
        type="email",
        display_name=stack.called("operator"),
        labels={"email_address": stack.alert_email},
        user_labels=stack.labels,
    )
    for line in CRITICAL_LINES:
        _tell_of_line(stack, line, channel)
    for deployable in _watched(stack):
        _tell_of_silence(stack, deployable, channel)
    _tell_of_waiting(stack, DEAD_LETTERS, channel)
    if not stack.name.startswith("pr-"):
        _tell_of_waiting(stack, ROTATIONS, channel, "ticket")
    _tell_of_failed_jobs(stack, channel)
    _tell_of_certificate(stack, channel)
    if all(stack.deployable_settings.get(name, "0") not in ("0", "false") for name in NUMBERS):
        for alert in ALERTS:
            _tell_of_numbers(stack, alert, channel)
    _tell_of_money(stack, channel)


def _watched(stack: Stack) -> list[str]:
    """Whom somebody outside looks at: no preview, and no relay that may rest, since each look would wake it."""
    if stack.name.startswith("pr-"):
        return []
    return [name for name in dict.fromkeys(ROUTES.values()) if name != "realtime" or stack.relay_instances[0]]


def _tell_of_line(stack: Stack, line: str, channel: monitoring.NotificationChannel) -> None:
    said = f'(jsonPayload.message="{line}" OR textPayload="{line}")'
    metric = logging.Metric(
        line,
        name=stack.called(line),
        filter=f'severity=CRITICAL AND {said} AND resource.labels.service_name:"{stack.called("")}"',
        metric_descriptor=logging.MetricMetricDescriptorArgs(metric_kind="DELTA", value_type="INT64"),
    )
    counted = pulumi.Output.concat(
        'metric.type="logging.googleapis.com/user/', metric.name, '" AND resource.type="cloud_run_revision"'
    )
    _policy(
        stack,
        line,
        channel,
        counted,
        monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period=MINUTE, per_series_aligner="ALIGN_DELTA", cross_series_reducer="REDUCE_SUM"
        ),
        page=line,
    )


def _tell_of_silence(stack: Stack, deployable: str, channel: monitoring.NotificationChannel) -> None:
    check = monitoring.UptimeCheckConfig(
        f"{deployable}-answers",
        display_name=stack.called(f"{deployable}-answers"),
        timeout="10s",
        period=MINUTE,
        selected_regions=list(PLACES),
        http_check=monitoring.UptimeCheckConfigHttpCheckArgs(
            path=HEALTH + deployable.replace("_", "-"), port=443, use_ssl=True, validate_ssl=True
        ),
        monitored_resource=monitoring.UptimeCheckConfigMonitoredResourceArgs(
            type="uptime_url", labels={"host": stack.domain, "project_id": stack.project}
        ),
        user_labels=stack.labels,
    )
    failed = pulumi.Output.concat(
        'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url"'
        ' AND metric.labels.check_id="',
        check.uptime_check_id,
        '"',
    )
    _policy(
        stack,
        f"{deployable}-silent",
        channel,
        failed,
        monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period="120s",
            per_series_aligner="ALIGN_NEXT_OLDER",
            cross_series_reducer="REDUCE_COUNT_FALSE",
            group_by_fields=["resource.label.host"],
        ),
        limit=(ABOVE, 1),
        page="silent",
    )


def _tell_of_waiting(
    stack: Stack, subscription: str, channel: monitoring.NotificationChannel, urgency: Urgency = "page"
) -> None:
    """What waits there wants a person: events that nobody could take, secrets that have to be renewed."""
    waiting = (
        'metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND'
        f' resource.type="pubsub_subscription" AND resource.labels.subscription_id="{stack.called(subscription)}"'
    )
    _policy(
        stack,
        subscription,
        channel,
        waiting,
        monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period=MINUTE, per_series_aligner="ALIGN_MAX"
        ),
        page=subscription,
        urgency=urgency,
    )


def _tell_of_failed_jobs(stack: Stack, channel: monitoring.NotificationChannel) -> None:
    """Cloud Scheduler writes a line for each attempt; of one that failed, an ERROR."""
    jobs = 'resource.type="cloud_scheduler_job"'
    metric = logging.Metric(
        "job-failed",
        name=stack.called("job-failed"),
        filter=f'severity>=ERROR AND {jobs} AND resource.labels.job_id:"{stack.called("")}"',
        metric_descriptor=logging.MetricMetricDescriptorArgs(metric_kind="DELTA", value_type="INT64"),
    )
    counted = pulumi.Output.concat('metric.type="logging.googleapis.com/user/', metric.name, f'" AND {jobs}')
    _policy(
        stack,
        "job-failed",
        channel,
        counted,
        monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period="900s",
            per_series_aligner="ALIGN_DELTA",
            cross_series_reducer="REDUCE_SUM",
            group_by_fields=["resource.label.job_id"],
        ),
        limit=(ABOVE, 2),  # what comes every minute is its own repetition, and once or twice is nothing
        page="job-failed",
    )


def _tell_of_certificate(stack: Stack, channel: monitoring.NotificationChannel) -> None:
    """The uptime checks see the certificate that clients see."""
    left = (
        'metric.type="monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires" AND'
        f' resource.type="uptime_url" AND resource.labels.host="{stack.domain}"'
    )
    _policy(
        stack,
        "certificate-ends",
        channel,
        left,
        monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period="1200s", per_series_aligner="ALIGN_NEXT_OLDER", cross_series_reducer="REDUCE_MIN"
        ),
        limit=(BELOW, CERTIFICATE_DAYS),
        page="certificate-ends",
    )


def _tell_of_numbers(stack: Stack, alert: Alert, channel: monitoring.NotificationChannel) -> None:
    monitoring.AlertPolicy(
        f"{alert.name}-alert",
        display_name=stack.called(alert.name),
        combiner="OR",
        severity=SEVERITIES[alert.urgency],
        conditions=[
            monitoring.AlertPolicyConditionArgs(
                display_name=alert.name,
                condition_prometheus_query_language=monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs(
                    query=alert.query,
                    duration=f"{alert.minutes * 60}s",
                    evaluation_interval=MINUTE,
                    alert_rule=alert.name,
                    rule_group="bloom",
                    disable_metric_validation=True,  # a metric is known from its first value on, and not before
                ),
            )
        ],
        documentation=_said(alert.says, alert.page),
        notification_channels=[channel.id],
        user_labels=stack.labels,
    )


def _said(what: str, page: str) -> monitoring.AlertPolicyDocumentationArgs:
    return monitoring.AlertPolicyDocumentationArgs(content=f"{what}. See {runbook(page)}.", mime_type="text/markdown")


def _policy(
    stack: Stack,
    name: str,
    channel: monitoring.NotificationChannel,
    series: pulumi.Input[str],
    aggregation: monitoring.AlertPolicyConditionConditionThresholdAggregationArgs,
    *,
    page: str,
    limit: tuple[str, float] = (ABOVE, 0),
    urgency: Urgency = "page",
) -> None:
    monitoring.AlertPolicy(
        f"{name}-alert",
        display_name=stack.called(name),
        combiner="OR",
        severity=SEVERITIES[urgency],
        conditions=[
            monitoring.AlertPolicyConditionArgs(
                display_name=name,
                condition_threshold=monitoring.AlertPolicyConditionConditionThresholdArgs(
                    filter=series,
                    comparison=limit[0],
                    threshold_value=limit[1],
                    duration="0s",
                    aggregations=[aggregation],
                ),
            )
        ],
        documentation=_said(name, page),
        notification_channels=[channel.id],
        user_labels=stack.labels,
    )


def _tell_of_money(stack: Stack, channel: monitoring.NotificationChannel) -> None:
    billing.Budget(
        "budget",
        billing_account=stack.billing_account,
        display_name=stack.called("budget"),
        amount=billing.BudgetAmountArgs(
            specified_amount=billing.BudgetAmountSpecifiedAmountArgs(currency_code="USD", units=str(stack.budget))
        ),
        budget_filter=billing.BudgetBudgetFilterArgs(
            projects=[f"projects/{stack.project_number}"], calendar_period="MONTH"
        ),
        threshold_rules=[billing.BudgetThresholdRuleArgs(threshold_percent=share) for share in BUDGET_SHARES],
        all_updates_rule=billing.BudgetAllUpdatesRuleArgs(monitoring_notification_channels=[channel.id]),
    )
