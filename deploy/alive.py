"""Whether the advisor's API answers on this machine: the container's health check, with the standard library alone."""

import sys
import urllib.error
import urllib.request


def is_alive(port: int) -> bool:
    """Any answer counts: sensors that are silent make the home unhealthy, not the container."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=5)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(not is_alive(int(sys.argv[1]) if len(sys.argv) > 1 else 8765))
