"""Edits that nobody should make to what is provisioned, each with the test whose name says why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Edit:
    """A change to the inputs of resources of one type and name, or (None) their removal."""

    what: str
    kind: str
    name: str
    change: Callable[[Inputs], object] | None
    caught_by: str

    def wants(self, kind: str, name: str) -> bool:
        """Whether it changes a resource of this type and name."""
        return kind.endswith((f":{self.kind}", f"/{self.kind}")) and name == self.name


def put(path: str, value: object) -> Callable[[Inputs], None]:
    """Set what a dotted path leads to; numbers are places in a list."""

    def change(inputs: Inputs) -> None:
        *way, last = path.split(".")
        place: Any = inputs
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        place[int(last) if isinstance(place, list) else last] = value

    return change


def drop(path: str) -> Callable[[Inputs], None]:
    """Take away what a dotted path leads to."""

    def change(inputs: Inputs) -> None:
        *way, last = path.split(".")
        place: Any = inputs
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        del place[int(last) if isinstance(place, list) else last]

    return change


SERVICE = "cloudrunv2/service:Service"
EDITS: Sequence[Edit] = (
    Edit("open a function to the internet", "Function", "admin", put("serviceConfig.ingressSettings", "ALLOW_ALL"),
         "everybody_may_call_only_what_the_load_balancer_stands_before"),
    Edit("open the relay to the internet", SERVICE, "realtime", put("ingress", "INGRESS_TRAFFIC_ALL"),
         "everybody_may_call_only_what_the_load_balancer_stands_before"),
    Edit("let everybody ask the classifier", "ServiceIamMember", "messages-asks-inference", put("member", "allUsers"),
         "nobody_but_the_messages_function_may_call_inference"),
    Edit("let another function start trainings", "JobIamMember", "ml-feedback-starts-retraining",
         put("member", "serviceAccount:bloom-prod-admin@admin.iam.gserviceaccount.com"),
         "nothing_but_the_ml_feedback_function_may_start_the_retraining"),
    Edit("give the builder the project", "projects/iAMMember:IAMMember", "builder-writes-logs",
         put("role", "roles/editor"), "no_basic_role_is_given_to_anybody"),
    Edit("let the relay read any secret", "SecretIamMember", "realtime-reads-redis-url",
         put("secretId", "clinical-keys-id"), "a_secret_is_read_by_those_who_are_given_it_and_nobody_else"),
    Edit("drop the right to publish", "TopicIAMMember", "messages-publishes", None, "there_is_no_right_beyond_these"),
    Edit("drop the right to sign links", "serviceaccount/iAMMember:IAMMember", "messages-signs-links", None,
         "there_is_no_right_beyond_these"),
    Edit("run a function as the default account", "Function", "auth", drop("serviceConfig.serviceAccountEmail"),
         "each_deployable_acts_as_an_account_of_its_own_and_none_as_the_default"),
    Edit("build a function as the default account", "Function", "auth", drop("buildConfig.serviceAccount"),
         "functions_are_built_by_the_builder_and_not_by_the_default_account"),
    Edit("open the bucket of files", "Bucket", "files", put("publicAccessPrevention", "inherited"),
         "no_bucket_but_the_web_clients_can_be_made_public"),
    Edit("grant the models to everybody", "BucketIAMMember", "inference-reads-models", put("member", "allUsers"),
         "no_bucket_but_the_web_clients_can_be_made_public"),
    Edit("rights of single objects", "Bucket", "models", put("uniformBucketLevelAccess", False),
         "no_bucket_has_rights_of_single_objects"),
    Edit("keep deleted files a week", "Bucket", "files", put("softDeletePolicy.retentionDurationSeconds", 604800),
         "a_deleted_file_is_gone"),
    Edit("let any page send files", "Bucket", "files", put("cors.0.origins", ["*"]),
         "only_our_own_pages_may_send_and_fetch_files"),
    Edit("forget old models", "Bucket", "models", put("versioning.enabled", False), "models_keep_their_versions"),
    Edit("unlock the trail", "Bucket", "audit", put("retentionPolicy.isLocked", False),
         "the_trail_of_the_cloud_itself_cannot_be_shortened_in_production"),
    Edit("drop the key of a bucket", "Bucket", "files", drop("encryption"),
         "production_keeps_its_data_under_keys_of_our_own"),
    Edit("drop the key of the database", "DatabaseInstance", "database", put("encryptionKeyName", None),
         "production_keeps_its_data_under_keys_of_our_own"),
    Edit("renew keys once in ten years", "CryptoKey", "storage-key", put("rotationPeriod", "315360000s"),
         "keys_are_renewed_and_not_lost_by_a_slip"),
    Edit("let the database be deleted", "DatabaseInstance", "database", put("deletionProtection", False),
         "production_is_not_deleted_by_a_slip"),
    Edit("give the database a public address", "DatabaseInstance", "database",
         put("settings.ipConfiguration.ipv4Enabled", True),
         "cloud_sql_has_no_public_address_and_refuses_plain_connections"),
    Edit("no way back to a moment", "DatabaseInstance", "database",
         put("settings.backupConfiguration.pointInTimeRecoveryEnabled", False),
         "cloud_sql_survives_a_zone_and_can_go_back_to_any_moment_of_a_week"),
    Edit("put a secret elsewhere", "Secret", "event-keys",
         put("replication.userManaged.replicas.0.location", "us-east1"),
         "nothing_is_outside_the_configured_region"),
    Edit("drop a label", "Topic", "events-topic", drop("labels"), "all_that_can_carry_labels_says_whose_it_is"),
    Edit("send a path to another function", "uRLMap:URLMap", "url-map",
         put("pathMatchers.0.pathRules.0.service", "admin-backend-id"), "a_path_goes_where_the_local_gateway_sends_it"),
    Edit("route internal paths", "uRLMap:URLMap", "url-map",
         put("pathMatchers.0.pathRules.0.paths", ["/api/internal/*"]), "nothing_internal_is_routed_from_outside"),
    Edit("allow TLS 1.0", "SSLPolicy", "tls", put("minTlsVersion", "TLS_1_0"),
         "tls_is_modern_and_never_older_than_1_2"),
    Edit("answer plain HTTP", "uRLMap:URLMap", "redirect-map", put("defaultUrlRedirect.httpsRedirect", False),
         "plain_http_is_sent_to_https_and_answers_nothing_itself"),
    Edit("drop HSTS of one backend", "BackendService", "auth-backend", put("customResponseHeaders", []),
         "every_answer_tells_browsers_to_stay_with_https"),
    Edit("take Cloud Armor from one backend", "BackendService", "auth-backend", put("securityPolicy", None),
         "cloud_armor_stands_before_every_backend_of_production"),
    Edit("a rule that only looks", "SecurityPolicy", "firewall", put("rules.0.preview", True),
         "owasps_rules_deny_and_come_first"),
    Edit("judge what patients write", "SecurityPolicy", "firewall",
         put("rules.0.match.expr.expression", "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})"),
         "no_rule_about_words_looks_at_what_a_patient_writes"),
    Edit("push without a token", "Subscription", "messages-events-risk-raised", put("pushConfig.oidcToken", None),
         "a_push_carries_the_token_that_the_function_expects"),
    Edit("lose an event", "Subscription", "messages-events-risk-raised", None,
         "every_event_is_pushed_to_the_route_that_waits_for_it"),
    Edit("lose what is not taken", "Subscription", "auth-events-account-notice",
         drop("deadLetterPolicy.deadLetterTopic"),
         "what_is_not_taken_is_tried_again_and_then_kept_for_a_person"),
    Edit("let a subscription expire", "Subscription", "auth-events-account-notice",
         put("expirationPolicy.ttl", "86400s"), "no_subscription_expires_while_nobody_writes"),
    Edit("sweep once a day", "cloudscheduler/job:Job", "outbox-sweep", put("schedule", "0 0 * * *"),
         "every_schedule_calls_its_route_with_the_token_that_it_expects"),
    Edit("tell a secret in plain", "Function", "messages",
         put("serviceConfig.environmentVariables.MESSAGE_KEYS", "m1:AAAA"), "no_secret_is_told_in_plain"),
    Edit("tell a local address", "Function", "messages",
         put("serviceConfig.environmentVariables.INFERENCE_URL", "http://localhost:3010"),
         "nothing_in_the_cloud_is_told_of_a_local_part"),
    Edit("forget a setting", "Function", "ml-feedback", drop("serviceConfig.environmentVariables.RETRAIN_JOB"),
         "every_setting_that_a_deployable_needs_is_given_to_it"),
    Edit("let the alert path sleep", "Function", "messages", put("serviceConfig.minInstanceCount", 0),
         "what_an_alert_passes_through_is_always_awake"),
    Edit("take an alert away", "AlertPolicy", "alert-unanswered-alert", None,
         "every_critical_line_of_the_runbook_is_counted_and_told"),
    Edit("send an alert to nobody", "AlertPolicy", "probe-not-sent-alert", put("notificationChannels", []),
         "every_alert_reaches_the_operator_and_says_where_to_read_on"),
    Edit("watch one deployable less", "UptimeCheckConfig", "realtime-answers", None,
         "whoever_does_not_answer_from_outside_is_told_of"),
    Edit("drop a secret's day", "Secret", "smtp-url", drop("rotation"),
         "every_secret_that_ages_says_so_before_it_is_a_year_old"),
    Edit("renew data keys once in ten years", "Secret", "message-keys", put("rotation.rotationPeriod", "315360000s"),
         "every_secret_that_ages_says_so_before_it_is_a_year_old"),
    Edit("forbid Secret Manager to tell", "TopicIAMMember", "secret-manager-tells", None,
         "secret_manager_may_tell_and_its_notices_wait_for_a_person"),
    Edit("tell nobody that a secret is due", "AlertPolicy", "rotations-alert", None,
         "secret_manager_may_tell_and_its_notices_wait_for_a_person"),
    Edit("forget notices after an hour", "Subscription", "rotations", put("messageRetentionDuration", "3600s"),
         "secret_manager_may_tell_and_its_notices_wait_for_a_person"),
    Edit("let pages run inline code", "BackendBucket", "web-backend",
         put("customResponseHeaders.0", "Content-Security-Policy: script-src 'self' 'unsafe-inline'"),
         "every_answer_of_the_client_carries_all_of_it_and_each_once"),
    Edit("keep the page at the edge", "BackendBucket", "web-backend", put("cdnPolicy.cacheMode", "FORCE_CACHE_ALL"),
         "the_edge_keeps_a_file_for_as_long_as_the_file_says"),
    Edit("answer an API's 404 with a page", "uRLMap:URLMap", "url-map",
         put("pathMatchers.0.pathRules.0.customErrorResponsePolicy", {"errorService": "web-backend-id"}),
         "an_address_of_the_clients_own_is_answered_by_its_index_and_a_missing_file_is_missing"),
    Edit("give every model a week", "Bucket", "models", put("lifecycleRules.1.condition.matchesPrefixes", ["models/"]),
         "what_a_training_left_behind_is_gone_after_a_week_and_nothing_else_is"),
    Edit("repeat a failed migration", "cloudrunv2/job:Job", "migrations", put("template.template.maxRetries", 3),
         "a_job_that_fails_waits_for_a_person_and_only_a_training_is_taken_up_again"),
    Edit("put all rows on one node", "Cluster", "cluster", put("regions.0.nodeCount", 1),
         "patients_rows_are_on_three_nodes_of_our_region_with_backups_and_cannot_be_deleted"),
    Edit("let the cluster be deleted", "Cluster", "cluster", put("deleteProtection", False),
         "patients_rows_are_on_three_nodes_of_our_region_with_backups_and_cannot_be_deleted"),
    Edit("open the cluster's console", "AllowList", "cluster-callers", put("ui", True),
         "the_clusters_own_console_is_open_to_nobody"),
    Edit("make a password in the program", "SqlUser", "bloom-app", put("password", "hunter2"),
         "nobodys_password_for_the_rows_is_made_or_kept_by_the_program"),
    Edit("let Redis throw sessions away", "RedisDatabase", "redis", put("eviction", True),
         "redis_is_encrypted_throws_nothing_away_and_is_near"),
    Edit("keep what is read beside a GPU", "cloudrunv2/service:Service", "inference",
         put("location", "us-central1"), "nothing_is_outside_the_configured_region"),
    Edit("keep logs all over the world", "ProjectBucketConfig", "logs", put("location", "global"),
         "what_is_logged_stays_in_the_region_and_has_no_copy_elsewhere"),
    Edit("keep a second copy of the logs", "ProjectExclusion", "logs-elsewhere", None,
         "what_is_logged_stays_in_the_region_and_has_no_copy_elsewhere"),
    Edit("raise the budget", "Budget", "budget", put("amount.specifiedAmount.units", "200000"),
         "money_is_told_of_before_it_is_spent"),
)  # fmt: skip
