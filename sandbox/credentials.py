"""The demo company's credentials: they open the sandbox and nothing else."""

from __future__ import annotations

DEVELOPER_TOKEN = "sandbox-developer-token"
CLIENT_ID = "sandbox-client.apps.googleusercontent.com"
CLIENT_SECRET = "sandbox-client-secret"
REFRESH_TOKEN = "1//sandbox-refresh-token"
META_TOKEN = "EAASandboxSystemUserToken"
HUBSPOT_TOKEN = "pat-na1-sandbox-private-app"
GETFLY_KEY = "SandboxGetflyKey00000000000000"
