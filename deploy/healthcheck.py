"""Does the server of this container answer?  Exit code 0 or 1.  python healthcheck.py [PORT]"""

from __future__ import annotations

import http.client
import ssl
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 4


def is_alive(port: int) -> bool:
    """Ask /healthz, with TLS where that fails; a certificate is of another name than loopback's: not judged here."""
    unjudged = ssl.create_default_context()
    unjudged.check_hostname, unjudged.verify_mode = False, ssl.CERT_NONE
    for scheme in ("http", "https"):
        try:
            address = f"{scheme}://127.0.0.1:{port}/healthz"
            with urllib.request.urlopen(address, timeout=TIMEOUT_S, context=unjudged) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return False
        except (OSError, http.client.HTTPException):
            continue
    return False


if __name__ == "__main__":
    sys.exit(0 if is_alive(int(sys.argv[1]) if len(sys.argv) > 1 else 8765) else 1)
