"""Another instance of a function: answers, for each token on standard input, with the status of `GET /api/who`."""

import sys

from shared.http.app import create_app
from tests.shared.http import probe

if __name__ == "__main__":
    client = create_app("probe", probe.routes).test_client()
    for line in sys.stdin:
        answer = client.get("/api/who", headers={"Authorization": f"Bearer {line.strip()}"})
        print(answer.status_code, flush=True)
