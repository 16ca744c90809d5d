"""2,000 hostile uploads against a running portal: none served as active content, none crashes, memory bounded.

python -m benchmarks.portal_hostile [COUNT] [SEED]
"""

from __future__ import annotations

import collections
import re
import resource
import sys
import tempfile
from pathlib import Path

import structlog

from tests.network.hostile import files
from tests.network.portal_home import AN, LECTURER, WORK, Phone, portal_home, served


def main(count: int = 2000, seed: int = 1) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    answers: collections.Counter[int] = collections.Counter()
    served_as: collections.Counter[str] = collections.Counter()
    path = f"/work/{WORK}"
    with tempfile.TemporaryDirectory() as folder, portal_home(Path(folder)) as made, served(made) as home:
        credentials = home.services.credentials
        with Phone(home) as phone, Phone(home) as desk:
            phone.sign_in(AN, credentials.issue_pin(AN))
            desk.sign_in(LECTURER, credentials.issue_pin(LECTURER))
            csrf = phone.csrf(path)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for name, data in files(count, seed=seed):
                home.clock.advance(1)
                answer = phone.http.post(
                    path, data={"csrf": csrf}, files=[("file", (name, data, "text/html"))]
                )
                answers[answer.status_code] += 1
                if answer.status_code != 303:
                    continue
                work = re.search(rf'href="(/desk/{WORK}/[0-9a-f]+)"', desk.get(f"/desk/{WORK}").text)
                if work:
                    page = desk.get(work[1]).text
                    for address in re.findall(rf'(?:src|href)="({work[1]}/(?:page|file)/[^"]*)"', page):
                        served_as[desk.get(address).headers["content-type"]] += 1
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{count} uploads: {dict(answers)}")
    print(f"served as: {dict(served_as)}")
    print(f"memory at most: {before // 1024} MB before, {after // 1024} MB after")
    assert set(answers) <= {303, 400, 422}, answers
    assert {kind.split(";")[0] for kind in served_as} <= {
        "image/jpeg",
        "application/octet-stream",
        "text/html",
    }


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
