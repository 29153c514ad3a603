"""`make demo-retrain`: what therapists say becomes a model, which goes to all patients a few at a time; a bad one not.

It starts parts of its own, in a temporary folder, and leaves nothing behind. Stages that last a day each in the cloud
last until a few dozen messages are answered.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx

from dev.cloud import LocalCloud
from dev.demo_planting import CannotPlant, force, plant, with_thresholds
from dev.demo_traffic import Traffic
from dev.environment import ROOT
from dev.ports import CannotStart
from dev.seed_clinic import Clinic, Member, label_of, open_clinic, text_about, write_posts

PARTS: Final = (
    *("postgres", "database", "redis", "upstash", "smtp", "oidc", "pubsub", "cloud_run", "scheduler"),
    *("auth", "messages", "ml_feedback", "inference", "gateway"),
)
PATIENCE: Final = "0=20/0/0,10=10/0/0,25=15/0/0,50=20/0/0,100=20/0/0"
LIMITS: Final = (
    *("send-message", "give-feedback", "review-queue", "retrain", "training-run", "models"),
    *("start-rollout", "rollouts", "rollout", "advance-rollout", "roll-back"),
)
FEEDBACK: Final = 72
SHIPPED: Final = ROOT / "containers" / "inference" / "model"
HARD_OF_HEARING: Final = (0.2, 0.6)
"""The model that serves at first alerts from these scores on: there is something to be better at."""
SECONDS: Final = 900.0
"""No step of the story takes longer, on a machine that is busy with other things too."""


class WentWrong(Exception):
    """The story took another turn; the message is one line."""


def main() -> int:
    """Show it; the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bloom-demo-") as folder:
        posts = Path(folder) / "posts.csv"
        write_posts(posts, of_risk=2_600, of_each_other=300)
        serving = with_thresholds(SHIPPED, Path(folder), "serving", *HARD_OF_HEARING)
        try:
            with LocalCloud(parts=PARTS, settings=_settings(posts, serving)) as cloud:
                os.environ.update(cloud.settings)
                _say(f"the parts are up at {cloud.origin} after {time.monotonic() - began:.0f} s")
                Story(cloud.origin, open_clinic(), posts).tell()
        except (WentWrong, CannotPlant, CannotStart, httpx.HTTPError) as error:
            print(f"✗ {error or type(error).__name__}", file=sys.stderr)
            return 1
    print(f"\n✓ the better model serves everybody, the bad one nobody ({time.monotonic() - began:.0f} s)")
    return 0


def _settings(posts: Path, serving: Path) -> dict[str, str]:
    return {
        "BLOOM_EVERY_MINUTE_SECONDS": "1",
        "RETRAIN_MIN_FEEDBACK": str(FEEDBACK // 3),
        "ROLLOUT_PATIENCE": PATIENCE,
        "LIMITS": ",".join(f"{name}=100000/1" for name in LIMITS),
        "MODEL_PATH": str(serving),
        "TRAINING_BASE": str(serving),
        "TRAINING_DATA": str(posts),
        "TRAINING_OPTIONS": "--no-baselines --epochs 1 --rate 3e-5 --phrases 3000 --woven 0",
    }


class Story:
    """One telling of it, line by line."""

    def __init__(self, origin: str, clinic: Clinic, posts: Path) -> None:
        self._clinic, self._posts = clinic, posts
        self._administrator, self._another = clinic.administrators
        self._http = httpx.Client(base_url=origin, timeout=30)
        self._traffic = Traffic(self._http, clinic)

    def tell(self) -> None:
        """From feedback to the end. Raises WentWrong."""
        _title("1. Patients write, the model answers, therapists say what it should have said")
        self._gather()
        _title("2. A training learns from it")
        model = self._train()
        _title("3. Its model is compared with the one that serves, on texts that neither was taught")
        self._require_verdict(model["id"], "ahead")
        _title("4. Shadow, then 10, 25, 50 and 100 % of patients")
        with self._traffic.flowing():
            self._roll_out(model["id"])
        _title("5. A bad model is planted: its threshold is so high that it alerts nobody")
        self._stop_bad(model["name"])

    def _gather(self) -> None:
        chance = random.Random(5)
        labels = ("Stress", "Stress", "Stress", "Depression", "Anxiety", "Normal")
        for number in range(FEEDBACK):
            self._traffic.write(self._clinic.patients[number % 60], text_about(chance.choice(labels), chance))
        given = [
            self._judge(therapist, item) for therapist in self._clinic.therapists for item in self._queue(therapist)
        ]
        _say(f"{len(given)} answers judged; the model was right in {_bar(sum(given) / len(given))}")

    def _queue(self, therapist: Member) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._ask(therapist, "GET", "/api/ml/review-queue?limit=50")["items"]
        return items

    def _judge(self, therapist: Member, item: dict[str, Any]) -> bool:
        label, given = label_of(item["body"]), {"analysisId": item["analysisId"]}
        is_right: bool = item["label"] == label
        given |= {"isCorrect": is_right} if is_right else {"isCorrect": is_right, "correctedLabel": label}
        self._ask(therapist, "POST", "/api/ml/feedback", given)
        return is_right

    def _train(self) -> dict[str, Any]:
        run = self._ask(self._administrator, "POST", "/api/ml/retrain", {"feedbackDays": 30})
        told = 0

        def ended() -> dict[str, Any] | None:
            nonlocal told
            seen = self._ask(self._administrator, "GET", f"/api/ml/training-runs/{run['id']}")
            for line in seen["log"][told:]:
                _say(line)
            told = max(told, len(seen["log"]))
            return seen if seen["finishedAt"] else None

        seen = _until(ended, "the training to end")
        if seen["status"] != "succeeded":
            raise WentWrong(f"the training ended with {seen['error']} {seen['metrics']}")
        return next(one for one in self._models() if one["trainingRunId"] == run["id"])

    def _require_verdict(self, model_id: str, wanted: str) -> None:
        def judged() -> dict[str, Any] | None:
            return next(one["verdict"] for one in self._models() if one["id"] == model_id) or None

        verdict = _until(judged, "the verdict")
        for name, score in (("macroF1", "macro-F1"), ("riskSensitivity", "risk sensitivity")):
            change = verdict[name]
            _say(f"{score:<17} {change['value']:+.3f}  95 %: {change['lower']:+.3f} to {change['upper']:+.3f}")
        _say(f"{verdict['riskPositives']} texts of risk among {verdict['texts']}, {verdict['draws']} draws")
        lost = verdict["regressedCases"]
        if lost:
            _say(f"{len(lost)} cases of the behavioural suite are passed no more, {lost[0]} for one")
        why = ", ".join(verdict["reasons"])
        _say(f"verdict: {verdict['verdict']}" + (f" ({why})" if why else ""))
        if verdict["verdict"] != wanted:
            raise WentWrong(f"the verdict should have been {wanted!r}")

    def _roll_out(self, model_id: str) -> None:
        rollout = self._ask(self._administrator, "POST", "/api/ml/rollouts", {"modelId": model_id})
        _until(lambda: self._rollout(rollout["id"])["isUp"] or self._ended(rollout["id"]), "the challenger to come up")
        _say("the challenger answers at an address of its own; nobody hears it yet")
        stages = {rollout["percent"]: ""}
        while not (ended := self._ended(rollout["id"])):
            self._tell_stage(stages)
        if ended["status"] != "completed":
            raise WentWrong(f"the rollout came back: {ended['reason']} {ended['evidence'][-1]}")
        _say(f"{_bar(1.0)} the challenger is the champion, and Cloud Run serves it to everybody")

    def _tell_stage(self, stages: dict[int, str]) -> None:
        """What the stage has come to, and what administrators have to decide on."""
        answer = self._try(self._administrator, "GET", "/api/ml/rollouts/current")
        if answer.status_code == 404:
            return
        seen = answer.json()
        outlook, percent = seen["outlook"], seen["percent"]
        told = f"{percent:>4} %  {_bar(percent / 100)}"
        if outlook and stages.get(percent) != told:
            stages[percent] = told
            _say(told)
        if outlook and outlook["move"] == "ask":
            _say(f"        both so far: {_counts(outlook['champion'])} | {_counts(outlook['challenger'])}")
            self._decide(seen)
        time.sleep(0.3)

    def _decide(self, seen: dict[str, Any]) -> None:
        """Two administrators have to want the last step."""
        for who, member in (
            ("one", self._administrator),
            ("the same", self._administrator),
            ("another", self._another),
        ):
            meant = {"rolloutId": seen["id"], "version": seen["version"]}
            answer = self._try(member, "POST", "/api/ml/rollouts/advance", meant)
            came = answer.json()
            seen = came if answer.status_code < 400 else seen
            outcome = came["title"] if answer.status_code >= 400 else f"{came['percent']} %"
            _say(f"        {who} administrator asks for 100 %: {answer.status_code} {outcome}")

    def _stop_bad(self, champion: str) -> None:
        with tempfile.TemporaryDirectory(prefix="bloom-planted-") as folder:
            model_id = plant(Path(folder), champion, self._posts)
            self._require_verdict(str(model_id), "worse")
            refused = self._try(self._administrator, "POST", "/api/ml/rollouts", {"modelId": str(model_id)})
            _say(f"a rollout of it: {refused.status_code} {refused.json()['title']}")
            force(model_id)
            _say("forced in through the database, it is tried beside the champion …")
            rollout = self._ask(self._administrator, "POST", "/api/ml/rollouts", {"modelId": str(model_id)})
            with self._traffic.flowing(of_risk=0.7):
                ended = _until(lambda: self._ended(rollout["id"]), "the bad model to go")
        last = ended["evidence"][-1]
        if ended["status"] != "rolled_back":
            raise WentWrong("the bad model was not returned")
        _say(f"{_counts(last['champion'])} | {_counts(last['challenger'])}")
        _say(f"… and returned from {last['from']} %: {ended['reason']}")

    # How it is asked for.

    def _models(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._ask(self._administrator, "GET", "/api/ml/models")["items"]
        return items

    def _rollout(self, rollout_id: str) -> dict[str, Any]:
        items = self._ask(self._administrator, "GET", "/api/ml/rollouts")["items"]
        return next(dict(one) for one in items if one["id"] == rollout_id)

    def _ended(self, rollout_id: str) -> dict[str, Any] | None:
        seen = self._rollout(rollout_id)
        return seen if seen["status"] != "active" and seen["isSettled"] else None

    def _ask(self, member: Member, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = self._try(member, method, path, body)
        if not answer.is_success:
            raise WentWrong(f"{method} {path} was answered {answer.status_code}: {answer.text[:200]}")
        return dict(answer.json())

    def _try(self, member: Member, method: str, path: str, body: object = None) -> httpx.Response:
        return self._http.request(method, path, json=body, headers={"Authorization": f"Bearer {member.token}"})


def _until(found: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (it := found()):
        if time.monotonic() > deadline:
            raise WentWrong(f"waited {SECONDS:.0f} s for {what}")
        time.sleep(0.3)
    return it


def _counts(served: dict[str, Any]) -> str:
    share = served["flagged"] / max(served["requests"], 1)
    return f"{served['requests']:>3} answers, {served['p99Ms']:.0f} ms, alerts {_bar(share, 10)}"


def _bar(share: float, width: int = 25) -> str:
    full = round(share * width)
    return f"{'█' * full}{'░' * (width - full)} {share:.0%}"


def _title(text: str) -> None:
    print(f"\n{text}", flush=True)


def _say(text: str) -> None:
    print(f"   {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
