"""Rules of the house about source that import-linter, ruff and mypy do not know."""

import ast
import re

from infra.migrations.tables import SUBJECTS
from shared.settings import Settings
from tests.whole.source import PRODUCT, ROOT, attributes, calls, files, imports, name, parsed

READS_THE_ENVIRONMENT = {
    "shared/settings.py",
    "containers/inference/settings.py",  # it imports nothing of ours
    "infra/migrations/__main__.py",  # one variable, where none of the others need be set
}
MAY_SLEEP = {
    "tests/waiting.py",
    "tests/functions/messages/inference_stand_in.py",  # the stand-in is slow, the test is not
}
# Who looks at what patients write, and at what is said of it; everybody else asks shared.access or shared.messages.
PATIENTS_ROWS = {
    "CareRelationship": {
        "shared/access.py",
        "shared/conversations.py",
        "functions/auth/access_log.py",
        "functions/appointments/care_relationships.py",
        "functions/appointments/care_end.py",
        "functions/appointments/own_appointments.py",
        "functions/appointments/shown_care.py",
        "functions/messages/escalation_coverage.py",
        "functions/messages/probe_accounts.py",
    },
    "Conversation": {
        "shared/access.py",
        "shared/care_end.py",
        "shared/conversations.py",
        "functions/appointments/shown_care.py",
        "functions/messages/conversations.py",
        "functions/messages/edits.py",
        "functions/messages/messages.py",
        "functions/messages/search_packs.py",
        "functions/messages/unread_mails.py",
        "functions/messages/escalation_coverage.py",
        "functions/messages/probe_accounts.py",
    },
    "ConversationMember": {
        "shared/access.py",
        "shared/conversations.py",
        "shared/read_state.py",
        "functions/messages/conversations.py",
        "functions/messages/files.py",
        "functions/messages/search_packs.py",
        "functions/messages/unread.py",
        "functions/messages/unread_mails.py",
        "functions/messages/escalation_coverage.py",
        "functions/messages/probe_accounts.py",
    },
    "Message": {
        "shared/messages.py",
        "functions/messages/conversations.py",
        "functions/messages/edits.py",
        "functions/messages/file_access.py",
        "functions/messages/messages.py",
        "functions/messages/search.py",
        "functions/messages/search_blocks.py",
        "functions/messages/search_packs.py",
        "functions/messages/unread.py",
        "functions/messages/unread_mails.py",
        "functions/messages/versions.py",
        "functions/ml_feedback/drift.py",
        "functions/ml_feedback/review_queue.py",
        "functions/ml_feedback/shadow.py",
        "containers/inference/training/feedback_texts.py",
        "functions/messages/probe.py",
        "functions/admin/statistics.py",
        "functions/admin/timeseries.py",
    },
    "MessageVersion": {"functions/messages/versions.py"},
    "MessageSearchPack": {"functions/messages/search_blocks.py", "functions/messages/search_packs.py"},
    "MessageAnalysis": {
        "shared/messages.py",
        "functions/messages/analysis.py",
        "functions/ml_feedback/judged.py",
        "functions/ml_feedback/decisions.py",
        "functions/ml_feedback/drift.py",
        "functions/ml_feedback/missed.py",
        "functions/ml_feedback/review_queue.py",
        "functions/ml_feedback/rollout_evidence.py",
        "functions/ml_feedback/shadow.py",
        "containers/inference/training/feedback_texts.py",
    },
    "ShadowAnswer": {
        "functions/auth/expired_rows.py",
        "functions/ml_feedback/rollout_evidence.py",
        "functions/ml_feedback/shadow.py",
    },
    "MessageAttachment": {
        "shared/attachments.py",
        "functions/messages/attachments.py",
        "functions/messages/file_access.py",
    },
    "RiskEvent": {
        "functions/messages/alerts.py",
        "functions/messages/alerts_access.py",
        "functions/messages/alerts_shown.py",
        "functions/messages/alerts_steps.py",
        "functions/messages/alerts_watch.py",
        "functions/messages/escalation.py",
        "functions/messages/escalation_coverage.py",
        "functions/messages/probe.py",
        "functions/admin/fleet.py",
        "functions/admin/statistics.py",
        "functions/admin/timeseries.py",
    },
    "MLFeedback": {
        "shared/messages.py",
        "functions/ml_feedback/feedback.py",
        "functions/ml_feedback/decisions.py",
        "functions/ml_feedback/drift.py",
        "functions/ml_feedback/missed.py",
        "functions/ml_feedback/review_queue.py",
        "functions/ml_feedback/rollout_evidence.py",
        "functions/ml_feedback/training_runs.py",
        "containers/inference/training/feedback_texts.py",
        "functions/admin/oversight.py",
        "functions/admin/statistics.py",
        "functions/admin/timeseries.py",
    },
    "FileAsset": {
        "shared/attachments.py",
        "functions/messages/attachments.py",
        "functions/messages/file_access.py",
        "functions/messages/file_checking.py",
        "functions/messages/file_tending.py",
        "functions/messages/files.py",
    },
    "FileShare": {"functions/messages/file_access.py", "functions/messages/files.py"},
    "PatientProfile": {
        "functions/auth/profile.py",
        "functions/auth/profile_fields.py",
        "functions/messages/crisis_resources.py",
        "functions/messages/probe_accounts.py",
    },
    "Appointment": {
        "shared/appointments.py",
        "functions/appointments/holds.py",
        "functions/appointments/offers.py",
        "functions/appointments/places.py",
        "functions/appointments/schedules.py",
        "functions/appointments/series.py",
        "functions/appointments/waitlist.py",
        "functions/appointments/booking_rules.py",
        "functions/appointments/calendar_entries.py",
        "functions/appointments/mail_contents.py",
        "functions/appointments/mail_names.py",
        "functions/appointments/mails.py",
        "functions/appointments/reminders.py",
        "functions/appointments/told_appointments.py",
        "functions/appointments/unable.py",
        "functions/appointments/care_end.py",
        "functions/appointments/own_appointments.py",
        "functions/appointments/taking_time.py",
        "functions/appointments/join.py",
        "functions/appointments/no_shows.py",
        "functions/appointments/settling.py",
        "functions/appointments/zoom_notices.py",
        "functions/appointments/kept_meetings.py",
        "functions/appointments/meeting_hosts.py",
        "functions/appointments/reconciliation.py",
        "functions/admin/statistics.py",
    },
    "AppointmentAttendee": {
        "functions/appointments/taking_time.py",
        "functions/appointments/appointments.py",
        "functions/appointments/no_shows.py",
        "functions/appointments/own_appointments.py",
        "functions/appointments/settling.py",
    },
    "AppointmentSeries": {
        "shared/appointments.py",
        "functions/appointments/care_end.py",
        "functions/appointments/series.py",
        "functions/appointments/told_appointments.py",
    },
}
# What somebody is given of themselves, and what becomes of it when they leave, is written down for every table.
DATA_POLICY = {
    f"functions/auth/{part}.py"
    for part in ("account_tables", "closing", "erasure", "erasure_steps", "export", "record_tables")
}
PLAYS_PEOPLE = ("dev/seed", "benchmarks/", "infra/migrations/", "shared/database/")


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        name(path)
        for path in files("shared", "functions", "containers", "infra")
        if {"os.environ", "os.getenv"} & {*attributes(path), *imports(path)}
    }
    assert readers == READS_THE_ENVIRONMENT


def test_only_the_http_kernel_imports_flask() -> None:
    importers = {
        name(path)
        for path in files(*PRODUCT)
        if any(found.split(".")[0] in {"flask", "werkzeug"} for found in imports(path))
    }
    assert {importer for importer in importers if not importer.startswith("shared/http/")} == set()


def test_a_function_is_made_of_its_slices_and_nothing_else() -> None:
    for path in files("functions"):
        if path.name == "main.py":
            assert set(imports(path)) == {"shared.http.app.function"}, name(path)


def test_a_transaction_is_the_only_place_that_commits() -> None:
    for path in files("shared", "functions", "containers"):
        if name(path) != "shared/database/transaction.py" and not name(path).startswith("shared/database/pipelined"):
            assert not [found for found in attributes(path) if found.endswith(".commit")], name(path)


def test_no_alias_is_shared_by_threads_before_it_was_used() -> None:
    """Two that look into a new one at once fill it twice, and a statement of both halves stays in the cache."""
    for path in files(*PRODUCT):
        outside = [node for node in parsed(path).body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        found = [call for node in outside for call in ast.walk(node) if isinstance(call, ast.Call)]
        assert not [call for call in found if getattr(call.func, "id", "") == "aliased"], name(path)


def test_no_test_waits_for_time_to_pass() -> None:
    sleepers = {name(path) for path in files("tests") if "time.sleep" in {*attributes(path), *imports(path)}}
    assert sleepers <= MAY_SLEEP


def test_patients_rows_are_looked_at_only_where_they_may_be() -> None:
    models = {model for subject in SUBJECTS for model in vars(subject)}
    assert set(PATIENTS_ROWS) <= models, "a model was renamed"
    for path in files(*PRODUCT):
        for found in imports(path):
            model = found.rpartition(".")[2]
            if model in PATIENTS_ROWS and ".models." in found and not name(path).startswith(PLAYS_PEOPLE):
                assert name(path) in PATIENTS_ROWS[model] | DATA_POLICY, f"{name(path)} imports {model}"


def test_sql_that_is_written_as_text_is_a_constant() -> None:
    for path in files("shared", "functions", "containers"):
        for call in calls(path, "text", "exec_driver_sql"):
            constant = isinstance(call.args[0], ast.Constant | ast.Name)
            assert constant or name(path) == "shared/database/models/base.py", f"{name(path)}:{call.lineno}"


def test_every_setting_says_what_it_is() -> None:
    for setting, field in Settings.model_fields.items():
        assert len(field.description or "") > 10, f"{setting} has no description"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", setting)


def test_every_file_says_in_one_sentence_what_it_is_for() -> None:
    for path in files(*PRODUCT, "tests"):
        assert ast.get_docstring(parsed(path)), f"{name(path)} has no docstring"


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    pages = [page for page in ROOT.rglob("*.md") if not {".venv", ".bloom", "node_modules"} & set(page.parts)]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#\s]+)", page.read_text())]
    assert len(links) > 10
    broken = [f"{page.name}: {link}" for page, link in links if ":" not in link and not (page.parent / link).exists()]
    assert broken == []
