"""The demo company's credentials: they open the sandbox and nothing else."""

from __future__ import annotations

DEVELOPER_TOKEN = "sandbox-developer-token"  # noqa: S105
CLIENT_ID = "sandbox-client.apps.googleusercontent.com"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105
REFRESH_TOKEN = "1//sandbox-refresh-token"  # noqa: S105
META_TOKEN = "EAASandboxSystemUserToken"  # noqa: S105
HUBSPOT_TOKEN = "pat-na1-sandbox-private-app"  # noqa: S105
GETFLY_KEY = "SandboxGetflyKey00000000000000"
