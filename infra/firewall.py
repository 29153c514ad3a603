"""Cloud Armor before the load balancer: a limit per address, and OWASP's rules where no patient's words go by."""

from typing import Final

from pulumi_gcp import compute

from infra.stack import Stack

REQUESTS_A_MINUTE: Final = 600
"""Of one address; many people may share one. The product's own limits are finer."""
OWASP: Final = ("sqli", "xss", "lfi", "rfi", "rce", "protocolattack", "sessionfixation")
PATHS_OF_WORDS: Final = "^/api/(messages|conversations|appointments|care-relationships|alerts|ml|user)(/|$)"
"""Where people write freely: a call for help must not be refused because it looks like SQL."""
LAST: Final = 2_147_483_647


def create(stack: Stack) -> compute.SecurityPolicy | None:
    """The policy, or None where the stack does without."""
    if not stack.cloud_armor:
        return None
    return compute.SecurityPolicy(
        "firewall",
        name=stack.called("firewall"),
        type="CLOUD_ARMOR",
        labels=stack.labels,
        advanced_options_config=compute.SecurityPolicyAdvancedOptionsConfigArgs(json_parsing="STANDARD"),
        rules=[
            *(_owasp(1_000 + place, name) for place, name in enumerate(OWASP)),
            _everybody(2_000, "throttle", _limit()),
            _everybody(LAST, "allow"),
        ],
    )


def _owasp(priority: int, name: str) -> compute.SecurityPolicyRuleArgs:
    asked = f"evaluatePreconfiguredWaf('{name}-v33-stable', {{'sensitivity': 1}})"
    expression = f"!request.path.matches('{PATHS_OF_WORDS}') && {asked}"
    return compute.SecurityPolicyRuleArgs(
        action="deny(403)",
        priority=priority,
        description=f"OWASP: {name}",
        match=compute.SecurityPolicyRuleMatchArgs(expr=compute.SecurityPolicyRuleMatchExprArgs(expression=expression)),
    )


def _everybody(
    priority: int, action: str, limit: compute.SecurityPolicyRuleRateLimitOptionsArgs | None = None
) -> compute.SecurityPolicyRuleArgs:
    return compute.SecurityPolicyRuleArgs(
        action=action,
        priority=priority,
        match=compute.SecurityPolicyRuleMatchArgs(
            versioned_expr="SRC_IPS_V1", config=compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=["*"])
        ),
        rate_limit_options=limit,
    )


def _limit() -> compute.SecurityPolicyRuleRateLimitOptionsArgs:
    return compute.SecurityPolicyRuleRateLimitOptionsArgs(
        conform_action="allow",
        exceed_action="deny(429)",
        enforce_on_key="IP",
        rate_limit_threshold=compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs(
            count=REQUESTS_A_MINUTE, interval_sec=60
        ),
    )
