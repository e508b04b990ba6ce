"""A domain of the API's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from app import app
from infra.package.functions import functions_of, read_template
from infra.package.merge import merge_template

TEMPLATE = read_template(Path(__file__).parents[3] / "infra" / "template.yaml")
MERGED = merge_template(app, TEMPLATE, functions_of(app, TEMPLATE), "c0ffee")
FILLED: Any = json.loads(
    json.dumps(MERGED["Resources"])
    .replace('{"Ref": "BaseUrl"}', '"https://front.example.org/media"')
    .replace("${DomainName}", "library.example.org")
)
AMAZONS = "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"


def resolved(value: Any, true: set[str]) -> Any:
    """Return a value with its conditions decided."""
    match value:
        case list():
            return [one for one in (resolved(each, true) for each in value) if one != {"Ref": "AWS::NoValue"}]
        case {"Fn::If": [condition, yes, no]}:
            return resolved(yes if condition in true else no, true)
        case {"Fn::Sub": str(text)}:
            return text
        case dict():
            return {key: resolved(one, true) for key, one in value.items()}
    return value


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (set(), f"{AMAZONS}/api"),
        ({"DomainGiven"}, "https://library.example.org"),
        ({"BaseUrlGiven"}, "https://front.example.org/media"),
        ({"BaseUrlGiven", "DomainGiven"}, "https://front.example.org/media"),
    ],
)
def test_mails_and_links_name_the_address_that_people_know(given: set[str], address: str) -> None:
    variables = FILLED["APIHandler"]["Properties"]["Environment"]["Variables"]
    assert resolved(variables["MEDIATHEQUE_BASE_URL"], given) == address


@pytest.mark.parametrize(
    ("given", "origins"), [(set(), [AMAZONS]), ({"DomainGiven"}, ["https://library.example.org", AMAZONS])]
)
def test_pages_of_the_api_may_send_to_the_bucket_wherever_they_are_served(
    given: set[str], origins: list[str]
) -> None:
    rules = FILLED["Media"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert resolved(rules, given)[-1]["AllowedOrigins"] == origins


def test_without_a_name_there_is_no_domain_and_with_one_there_must_be_a_certificate() -> None:
    for name in ("Domain", "DomainMapping"):
        assert MERGED["Resources"][name]["Condition"] == "DomainGiven"
    assert MERGED["Outputs"]["DomainTarget"]["Condition"] == "DomainGiven"
    [assertion] = MERGED["Rules"]["DomainHasCertificate"]["Assertions"]
    assert "CertificateArn" in str(assertion["Assert"])


def test_the_domain_speaks_tls_1_2_at_least_and_leads_to_the_deployed_stage() -> None:
    domain, mapping = (MERGED["Resources"][name]["Properties"] for name in ("Domain", "DomainMapping"))
    assert (domain["SecurityPolicy"], domain["EndpointConfiguration"]) == ("TLS_1_2", {"Types": ["REGIONAL"]})
    assert (mapping["RestApiId"], mapping["Stage"]) == ({"Ref": "RestAPI"}, {"Ref": "RestAPI.Stage"})
