"""Every setting of the product, read once from the environment: the only place that looks there."""

import base64
import binascii
import functools
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

SECRET_MANAGER_SCHEME = "gcp-secret://"  # noqa: S105 - a scheme, not a secret


class SettingsError(Exception):
    """A setting is missing or malformed; the message names it and never shows its value."""


def _check_keys(value: str) -> str:
    for entry in value.split(","):
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError("wants ID:BASE64, comma-separated, the current key first") from error
        if not key_id or len(key) != 32:
            raise ValueError("wants ID:BASE64 of 32 bytes, comma-separated, the current key first")
    return value


def _check_limits(value: str) -> str:
    if value and not re.fullmatch(r"[a-z-]+=[1-9]\d*/[1-9]\d*(,[a-z-]+=[1-9]\d*/[1-9]\d*)*", value):
        raise ValueError("wants NAME=COUNT/SECONDS, comma-separated, both whole and above 0")
    return value


def _check_signing_keys(value: str) -> str:
    return _check_keys(value) if value else value


def _check_grafana_key(value: str) -> str:
    """Imported only where there is one."""
    if value:
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        try:
            key = load_der_private_key(base64.b64decode(value, validate=True), None)
        except (ValueError, TypeError):
            key = None
        if not (isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)):
            raise ValueError("wants the base64 of PKCS #8 DER of a P-256 key")
    return value


DataKeys = Annotated[str, AfterValidator(_check_keys)]
"""`id:base64[,id:base64…]`: AES-256 keys, the one that encrypts first, older ones still able to decrypt."""


SigningKeys = Annotated[str, AfterValidator(_check_signing_keys)]
"""`id:base64[,id:base64…]`: Ed25519 keys, the one that signs first; there may be none."""


class Settings(BaseModel):
    """One attribute per environment variable, whose name is the attribute's in capitals.

    A value of the form `gcp-secret://projects/P/secrets/S/versions/V` is fetched from Secret Manager at start.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    # Where the product lives.
    base_url: str = Field(
        pattern=r"^https?://[^/\s]+$",
        description="Public origin, without a trailing slash, e.g. https://bloomhealth.us",
    )
    trusted_proxy_hops: int = Field(
        1, ge=0, description="How many entries from the right of X-Forwarded-For our own proxies appended"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lines below it are not logged")
    google_cloud_project: str = Field("bloom-local", description="Project of Pub/Sub topics and trace ids")

    # What is seen of it while it runs. All of it is off by default, and costs nothing then.
    metrics_enabled: bool = Field(False, description="Whether each process counts and times, and has GET /metrics")
    otel_exporter_otlp_endpoint: str = Field(
        "",
        pattern=r"^(|https?://[^\s]*[^\s/])$",
        description="Base URL of an OpenTelemetry collector (OTLP over HTTP), without a trailing slash; empty: none",
    )
    otel_exporter_otlp_headers: str = Field(
        "", description="Headers for the collector: NAME=VALUE, comma-separated; where they are secret, by reference"
    )
    otel_traces_sampler_arg: float = Field(
        0.1, ge=0, le=1, description="Share of requests that are recorded as traces, with all that follows from them"
    )
    traces_export_seconds: int = Field(
        5, ge=1, le=300, description="Seconds after which spans are handed over, beside the next request"
    )
    metrics_export_seconds: int = Field(
        0, ge=0, le=3600, description="Seconds after which numbers are pushed to the collector; 0: never"
    )

    # Outside parts. The URL's scheme chooses the adapter.
    database_url: str = Field(
        pattern=r"^(cockroachdb|postgresql|cloudsql)\+pg8000://",
        description="cockroachdb+pg8000://…?sslmode=verify-full · cloudsql+pg8000://user@/db?instance=P:R:I · "
        "postgresql+pg8000://user@/db?unix_sock=/path",
    )
    database_pool_size: int = Field(4, ge=1, description="Connections one instance keeps at most")
    database_statement_timeout_ms: int = Field(5_000, ge=100, description="Milliseconds a statement may run")
    upstash_redis_rest_url: str = Field(min_length=1, description="Upstash REST endpoint (functions)")
    upstash_redis_rest_token: str = Field(min_length=1, description="Upstash REST bearer token")
    redis_timeout_ms: int = Field(250, ge=10, description="Milliseconds a Redis call from a function may take")
    redis_url: str = Field("", description="redis:// or rediss:// address that the relay subscribes to (relay only)")
    smtp_url: str = Field("", description="smtp://[user:password@]host:port or smtps://… (functions that send mail)")
    mail_from: str = Field("Bloom Health <no-reply@bloomhealth.us>", description="From header of every mail")
    inference_url: str = Field("", description="Base URL of the classifier (messages, ml_feedback)")
    inference_timeout_ms: int = Field(800, ge=10, description="Milliseconds a prediction may take within a request")
    inference_audience: str = Field("", description="Audience of the ID token sent to the classifier; empty: none sent")

    # Retraining (ml_feedback, and the job that it starts).
    retrain_job: str = Field(
        "",
        pattern=r"^(|projects/[^/\s]+/locations/[^/\s]+/jobs/[^/\s]+)$",
        description="Cloud Run job that trains: projects/P/locations/R/jobs/J; empty: nothing is trained",
    )
    cloud_run_url: str = Field(
        "https://run.googleapis.com",
        pattern=r"^https?://[^/\s]+$",
        description="Where the Cloud Run Admin API is; with http:// (local only) it is asked without credentials",
    )
    retrain_min_feedback: int = Field(
        100, ge=1, le=1_000_000, description="Answers of therapists below which nothing is trained"
    )
    inference_service: str = Field(
        "",
        pattern=r"^(|projects/[^/\s]+/locations/[^/\s]+/services/[^/\s]+)$",
        description="Cloud Run service of the classifier: projects/P/locations/R/services/S; empty: no rollouts",
    )
    rollout_patience: str = Field(
        "",
        pattern=r"^(|\d{1,3}=\d{1,7}/\d{1,6}(\.\d+)?(/\d{1,4})?(,\d{1,3}=\d{1,7}/\d{1,6}(\.\d+)?(/\d{1,4})?)*)$",
        description="What a rollout's stage waits for at least, PERCENT=REQUESTS/MINUTES[/ALERTS], comma-separated; "
        "a stage that is not named waits a day, for 500 to 2,000 requests; without ALERTS it waits for 30",
    )
    models_url: str = Field("", description="Folder of trained models, a path or gs://BUCKET/PATH (training only)")
    training_base: str = Field(
        "containers/inference/model", description="Folder of the model to go on from where none serves yet (training)"
    )
    training_data: str = Field(
        "", description="CSV files id,text,label that are trained on beside feedback, comma-separated (training only)"
    )
    training_options: str = Field(
        "", description="More options of the training command, e.g. --epochs 2 (training only)"
    )

    # Files that people attach (messages only).
    storage_url: str = Field(
        "",
        pattern=r"^(|gs://[a-z0-9][a-z0-9._-]+|http://[^/\s]+/[a-z0-9][a-z0-9._-]+)$",
        description="Bucket of attached files: gs://BUCKET, or http://host:port/BUCKET for a local emulator",
    )
    storage_signing_account: str = Field(
        "", description="E-mail of the service account in whose name links to the bucket are signed"
    )
    storage_signing_key: str = Field(
        "", description="Its key where it has one here, as base64 of PKCS #8 DER (local only); empty: IAM signs"
    )
    iam_credentials_url: str = Field(
        "https://iamcredentials.googleapis.com", description="Where the IAM Credentials API is, which signs links"
    )
    file_mib_a_day: int = Field(
        500, ge=25, le=1_000_000, description="MiB of files that one person may announce within 24 hours"
    )
    clamd_url: str = Field(
        "", description="tcp://host:port or unix:///path of ClamAV's daemon; empty: files are not scanned"
    )

    # What proves that the audit trail was not altered (admin, and whoever verifies).
    audit_signing_key: SigningKeys = Field(
        "", description="ID:BASE64 of an Ed25519 key's 32 bytes: signs seals; older ones after it; empty: no signatures"
    )
    audit_public_keys: SigningKeys = Field(
        "", description="ID:BASE64 of public keys that signed seals, where the keys themselves are not at hand"
    )
    audit_bucket_url: str = Field(
        "",
        pattern=r"^(|gs://[a-z0-9][a-z0-9._-]+|http://[^/\s]+/[a-z0-9][a-z0-9._-]+)$",
        description="Bucket that each day's last seal is copied to: gs://BUCKET, or http://host:port/BUCKET (local)",
    )
    audit_retention_years: int = Field(
        6, ge=6, le=100, description="Years after which entries of the audit trail may go, whole seals at a time"
    )

    # Grafana, whose dashboards administrators are shown (admin only).
    grafana_url: str = Field(
        "",
        pattern=r"^(|https?://[^\s?#]*[^\s/?#])$",
        description="Base URL of Grafana, as browsers and this function reach it; empty: no dashboards are shown",
    )
    grafana_service_token: str = Field("", description="Token of the Grafana service account (Viewer) that asks")
    grafana_signing_key: Annotated[str, AfterValidator(_check_grafana_key)] = Field(
        "", description="P-256 key as base64 of PKCS #8 DER: signs whom Grafana, which has its public half, lets look"
    )
    grafana_dashboards: str = Field(
        "bloom-qa",
        pattern=r"^[a-z]+(-[a-z]+)*$",
        max_length=16,
        description="Whose dashboards: their uids are this, a hyphen and a name",
    )
    grafana_timeout_ms: int = Field(2_000, ge=100, le=10_000, description="Milliseconds that asking Grafana may take")

    # The relay's door and its sockets' lives (relay only).
    host: str = Field("127.0.0.1", description="Address that the relay listens on")
    port: int = Field(3020, ge=1, le=65535, description="Port that the relay listens on")
    socket_ping_seconds: int = Field(25, ge=1, description="How often a socket is asked whether it lives")
    socket_pong_seconds: int = Field(8, ge=1, description="How long a socket has to answer that it lives")
    socket_sign_in_seconds: float = Field(5, gt=0, description="How long a socket may stay without a session")
    socket_minutes: float = Field(50, gt=0, description="How long a socket lives, give or take a tenth")
    sessions_checked_seconds: float = Field(
        60, gt=0, description="How often open sockets' sessions and rooms are looked up"
    )
    typing_expires_seconds: float = Field(8, gt=0, description="How long a typing notice stands by itself")
    presence_expires_seconds: float = Field(
        50, gt=0, description="How long somebody counts as present whose instance is heard of no more"
    )

    # Pub/Sub and who may call the internal routes.
    pubsub_topic: str = Field("bloom-events", description="Topic that outbox events are handed to")
    pubsub_emulator_host: str = Field("", description="host:port of a local Pub/Sub; read by Google's client itself")
    oidc_issuer: str = Field("https://accounts.google.com", description="Issuer of internal callers' ID tokens")
    oidc_jwks_url: str = Field(
        "https://www.googleapis.com/oauth2/v3/certs", description="Where that issuer publishes its keys"
    )
    oidc_audience: str = Field(min_length=1, description="Audience that internal callers' ID tokens must name")
    push_service_account: str = Field(min_length=1, description="Exact e-mail of the account that Pub/Sub pushes as")
    scheduler_service_account: str = Field(
        min_length=1, description="Exact e-mail of the account that Cloud Scheduler calls as"
    )

    # Keys, by what they seal. A deployable is given only those of the columns it reads.
    message_keys: DataKeys = Field("", validate_default=False, description="Message bodies and their versions")
    credential_keys: DataKeys = Field("", validate_default=False, description="TOTP secrets and OAuth tokens")
    clinical_keys: DataKeys = Field("", validate_default=False, description="Clinical notes and feedback notes")
    event_keys: DataKeys = Field(
        "", validate_default=False, description="Outbox payloads, idempotency records, reasons that administrators give"
    )

    # Sign-in.
    bcrypt_cost: int = Field(12, ge=4, le=16, description="log2 of bcrypt's rounds; raised hashes renew at sign-in")
    patient_idle_minutes: int = Field(30, ge=1, description="Minutes a patient's session may go unused")
    patient_absolute_hours: int = Field(168, ge=1, description="Hours a patient's session may live at all")
    staff_idle_minutes: int = Field(15, ge=1, description="Minutes a session of staff may go unused")
    staff_absolute_hours: int = Field(12, ge=1, description="Hours a session of staff may live at all")

    step_up_minutes: int = Field(10, ge=1, description="Minutes for which a proof of who one is counts as fresh")
    two_factor_for_staff: bool = Field(
        True, description="Whether therapists and administrators can do nothing before they have a second factor"
    )
    trusted_device_days: int = Field(30, ge=1, description="Days for which a trusted device skips the second factor")
    breached_passwords: Literal["off", "open", "closed"] = Field(
        "off",
        description="Ask a k-anonymity range service about new passwords; whether one passes while it is away (open)",
    )
    breached_passwords_url: str = Field(
        "https://api.pwnedpasswords.com", description="Base URL of the range service: GET /range/{5 hex digits}"
    )
    google_client_id: str = Field("", description="OAuth client of Google sign-in; empty: not offered")
    google_client_secret: str = Field("", description="Secret of that OAuth client")
    google_issuer: str = Field("https://accounts.google.com", description="OpenID issuer of Google sign-in")
    zoom_client_id: str = Field("", description="OAuth client of Zoom sign-in; empty: not offered")
    zoom_client_secret: str = Field("", description="Secret of that OAuth client")
    zoom_sign_in_url: str = Field("https://zoom.us", description="Where Zoom's /oauth/authorize and /oauth/token are")
    zoom_api_url: str = Field("https://api.zoom.us", description="Where Zoom's REST API is")

    # Meetings.
    zoom_account_id: str = Field(
        "", description="Zoom account of the server-to-server app; empty: no meetings are made"
    )
    zoom_meetings_client_id: str = Field("", description="Client id of that app; empty: no meetings are made")
    zoom_meetings_client_secret: str = Field("", description="Secret of that app")
    zoom_timeout_ms: int = Field(
        2_500, ge=100, description="Milliseconds that a booking waits for its meeting, all requests to Zoom together"
    )
    zoom_registrant_domain: str = Field(
        "participants.bloomhealth.us",
        pattern=r"^[a-z0-9.-]+\.[a-z]{2,}$",
        description="Domain of the opaque addresses by which Zoom knows patients; it needs no mailbox",
    )
    zoom_webhook_secret: str = Field("", description="Secret token of Zoom's event subscription; empty: none is heard")
    zoom_sdk_key: str = Field("", description="Key of a Zoom Meeting SDK app; empty: meetings are held in Zoom alone")
    zoom_sdk_secret: str = Field("", description="Secret of that app")

    # Policy.
    minimum_age_years: int = Field(18, ge=0, le=120, description="Age in years below which nobody can be a patient")
    erasure_grace_days: int = Field(14, ge=0, description="Days within which an erasure can be called off")
    clinical_retention_years: int = Field(
        7, ge=0, description="Years the clinical record is kept after erasure; for minors after they are of age"
    )
    late_cancel_hours: int = Field(
        24, ge=0, le=720, description="Hours before the start within which a patient's cancellation is marked as late"
    )
    hold_minutes: int = Field(
        5, ge=1, le=60, description="Minutes for which a time is held for a patient who has not confirmed it yet"
    )
    offer_minutes: int = Field(
        15, ge=1, le=1_440, description="Minutes for which a time that became free is held for who waits for one"
    )
    no_show_minutes: int = Field(
        15, ge=1, le=480, description="Minutes a therapist has waited after which a patient who did not come is marked"
    )
    age_of_majority_years: int = Field(18, ge=0, le=120, description="Age in years from which nobody is a minor")
    care_capacity: int = Field(60, ge=1, le=100_000, description="Patients whom a therapist may have in care at once")
    limits: Annotated[str, AfterValidator(_check_limits)] = Field(
        "", description="Overrides of route limits: NAME=COUNT/SECONDS, comma-separated"
    )
    message_edit_minutes: int = Field(
        15, ge=0, le=1440, description="Minutes within which their author may edit or delete a message"
    )
    unread_mail_minutes: int = Field(
        10, ge=1, le=1440, description="Minutes after which unread messages are told of by mail, without their content"
    )
    search_budget_ms: int = Field(
        600, ge=1, le=10_000, description="Milliseconds after which a search answers with what it has found so far"
    )
    alert_second_minutes: int = Field(
        5, ge=1, le=1440, description="Minutes after which an unanswered alert goes to the first colleague on call"
    )
    alert_on_call_minutes: int = Field(
        10, ge=1, le=1440, description="Minutes after which it goes to everybody on call"
    )
    alert_administrators_minutes: int = Field(
        15, ge=1, le=1440, description="Minutes after which administrators are told that nobody has answered it"
    )
    alert_group_minutes: int = Field(
        15, ge=0, le=1440, description="Minutes within which a conversation's further risk makes its alert grow"
    )
    coverage_hours: int = Field(
        24, ge=1, le=168, description="Hours for which who an alert was escalated to may see its conversation"
    )
    privacy_officer_email: str = Field(
        "",
        pattern=r"^(|[^@\s]+@[^@\s]+\.[^@\s]+)$",
        description="Address that is told when an administrator opens a patient's record; empty: none can be opened",
    )
    break_glass_daily: int = Field(
        5, ge=1, le=100, description="Patients' records that one administrator may open within 24 hours"
    )
    probe_minutes: int = Field(
        0, ge=0, le=60, description="How often a message of nobody's proves that alerts arrive; 0: never"
    )
    patient_sees_resources: bool = Field(
        True, description="Whether a patient's own message of raised risk is answered with crisis resources"
    )

    @property
    def secure_cookies(self) -> bool:
        """Whether the origin is TLS, so that cookies are Secure and carry the __Host- prefix."""
        return self.base_url.startswith("https://")

    def idle_limit(self, *, staff: bool) -> timedelta:
        """How long a session may go unused."""
        return timedelta(minutes=self.staff_idle_minutes if staff else self.patient_idle_minutes)

    def absolute_limit(self, *, staff: bool) -> timedelta:
        """How long a session may live at all."""
        return timedelta(hours=self.staff_absolute_hours if staff else self.patient_absolute_hours)


def load(environment: Mapping[str, str]) -> Settings:
    """Read the settings from a mapping of environment variables.

    Raises SettingsError naming each missing or malformed variable.
    """
    given = {name: environment[name.upper()] for name in Settings.model_fields if name.upper() in environment}
    resolved = {name: _from_secret_manager(name, value) for name, value in given.items()}
    try:
        return Settings.model_validate(resolved)
    except ValidationError as error:
        lines = [
            f"{str(fault['loc'][0]).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError("; ".join(lines)) from None


def _from_secret_manager(name: str, value: str) -> str:
    if not value.startswith(SECRET_MANAGER_SCHEME):
        return value
    from google.cloud import secretmanager  # 160 ms: only where a setting asks for it

    try:
        version = secretmanager.SecretManagerServiceClient().access_secret_version(
            name=value.removeprefix(SECRET_MANAGER_SCHEME)
        )
        return version.payload.data.decode()
    except Exception as error:  # noqa: BLE001 - whatever the client raises, the start ends with the setting's name
        raise SettingsError(f"{name.upper()}: Secret Manager did not give it ({type(error).__name__})") from None


@functools.cache
def settings() -> Settings:
    """The settings of this process."""
    return load(os.environ)
