"""`python healthy.py URL...`: ends with 0 when each of them answers. The image has no curl."""

import sys
import urllib.request

TIMEOUT = 4.0  # seconds, less than half of a health check's

if __name__ == "__main__":
    for url in sys.argv[1:]:
        try:
            urllib.request.urlopen(url, timeout=TIMEOUT).close()
        except OSError as error:
            sys.exit(f"{url}: {error}")
