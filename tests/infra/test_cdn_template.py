"""What the template says of CloudFront, where it is wanted."""

from pathlib import Path
from typing import Any

from infra.package.functions import read_template
from infra.package.merge import environment

TEMPLATE = read_template(Path(__file__).parents[2] / "infra" / "template.yaml")
RESOURCES = TEMPLATE["Resources"]


def properties(name: str) -> Any:
    return RESOURCES[name]["Properties"]


def test_nothing_of_it_is_made_without_a_key() -> None:
    ours = [name for name, one in RESOURCES.items() if "CloudFront" in one["Type"] or name.startswith("Edge")]
    assert len(ours) == 8
    assert all(RESOURCES[name]["Condition"] == "Cdn" for name in ours)


def test_the_edge_gives_nothing_without_a_signature_and_the_bucket_only_to_our_distribution() -> None:
    behaviour = properties("Edge")["DistributionConfig"]["DefaultCacheBehavior"]
    assert behaviour["TrustedKeyGroups"] == [{"Ref": "EdgeKeys"}]
    assert behaviour["ViewerProtocolPolicy"] == "https-only"
    assert "CacheBehaviors" not in properties("Edge")["DistributionConfig"]
    [_, choice] = properties("MediaPolicy")["PolicyDocument"]["Statement"]
    condition, statement, otherwise = choice["Fn::If"]
    assert (condition, otherwise) == ("Cdn", {"Ref": "AWS::NoValue"})
    assert (statement["Action"], statement["Principal"]) == (
        "s3:GetObject",
        {"Service": "cloudfront.amazonaws.com"},
    )
    assert "distribution/${Edge}" in str(statement["Condition"])


def test_type_and_name_reach_s3_and_are_kept_apart_in_the_cache() -> None:
    strings = properties("EdgeCache")["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
    assert strings["QueryStringsConfig"] == {
        "QueryStringBehavior": "whitelist",
        "QueryStrings": ["response-content-type", "response-content-disposition"],
    }


def test_what_is_served_is_neither_sniffed_nor_run() -> None:
    headers = properties("EdgeHeaders")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert headers["ContentTypeOptions"] == {"Override": True}
    policy = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(policy)


def test_the_functions_are_told_of_it() -> None:
    variables = environment(TEMPLATE)
    names = ("CDN_DOMAIN", "CDN_DISTRIBUTION_ID", "CDN_KEY_ID", "CDN_KEY_NAME")
    assert all(variables[f"MEDIATHEQUE_{name}"]["Fn::If"][0] == "Cdn" for name in names)
