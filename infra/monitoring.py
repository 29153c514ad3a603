"""Who is told what: log lines that want a person, deployables that do not answer, dead letters, and money."""

from typing import Final

import pulumi
from pulumi_gcp import billing, logging, monitoring

from infra.load_balancer import HEALTH
from infra.messaging import DEAD_LETTERS
from infra.routes import ROUTES
from infra.stack import Stack

CRITICAL_LINES: Final = ("alert-unanswered", "probe-alert-missing", "probe-not-sent", "messages-unscored")
"""Log lines of severity CRITICAL that docs/runbook.md says what to do about."""
RUNBOOK: Final = "See docs/runbook.md."
MINUTE: Final = "60s"
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
    for deployable in dict.fromkeys(ROUTES.values()):
        _tell_of_silence(stack, deployable, channel)
    _tell_of_dead_letters(stack, channel)
    _tell_of_money(stack, channel)


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
    )


def _tell_of_silence(stack: Stack, deployable: str, channel: monitoring.NotificationChannel) -> None:
    check = monitoring.UptimeCheckConfig(
        f"{deployable}-answers",
        display_name=stack.called(f"{deployable}-answers"),
        timeout="10s",
        period=MINUTE,
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
        above=1,
    )


def _tell_of_dead_letters(stack: Stack, channel: monitoring.NotificationChannel) -> None:
    waiting = (
        'metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages" AND'
        f' resource.type="pubsub_subscription" AND resource.labels.subscription_id="{stack.called(DEAD_LETTERS)}"'
    )
    _policy(
        stack,
        DEAD_LETTERS,
        channel,
        waiting,
        monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
            alignment_period=MINUTE, per_series_aligner="ALIGN_MAX"
        ),
    )


def _policy(
    stack: Stack,
    name: str,
    channel: monitoring.NotificationChannel,
    series: pulumi.Input[str],
    aggregation: monitoring.AlertPolicyConditionConditionThresholdAggregationArgs,
    above: float = 0,
) -> None:
    monitoring.AlertPolicy(
        f"{name}-alert",
        display_name=stack.called(name),
        combiner="OR",
        severity="CRITICAL",
        conditions=[
            monitoring.AlertPolicyConditionArgs(
                display_name=name,
                condition_threshold=monitoring.AlertPolicyConditionConditionThresholdArgs(
                    filter=series,
                    comparison="COMPARISON_GT",
                    threshold_value=above,
                    duration="0s",
                    aggregations=[aggregation],
                ),
            )
        ],
        documentation=monitoring.AlertPolicyDocumentationArgs(content=f"{name}. {RUNBOOK}", mime_type="text/markdown"),
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
