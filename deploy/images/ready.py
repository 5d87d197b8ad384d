"""The health check of every image: exit 0 if READY_URL answers 200, else say what it answered."""

import os
import sys
import urllib.error
import urllib.request

ANSWER_TIMEOUT = 4.0  # seconds


def main() -> int:
    # Always this very container: a proxy that the environment names is for calls outside.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(os.environ["READY_URL"], timeout=ANSWER_TIMEOUT):
            return 0
    except urllib.error.HTTPError as error:
        sys.stdout.write(error.read().decode("utf-8", "replace"))
    except OSError as error:
        sys.stdout.write(f"No answer: {error}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
