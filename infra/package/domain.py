"""Where people reach the API: an address that Amazon gives it, or a domain of one's own.

With the parameter DomainName the deployed API answers there, too, under the certificate of CertificateArn (ACM, of the
stack's region); the domain's DNS record is to lead to the output DomainTarget.
"""

from typing import Any

from infra.package.functions import Template

_GIVEN = "DomainGiven"
_API_ORIGIN = {"Fn::Sub": "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
_API_URL = {"Fn::Sub": f"{_API_ORIGIN['Fn::Sub']}/api"}
_DOMAIN_URL = {"Fn::Sub": "https://${DomainName}"}
BASE_URL = {"Fn::If": ["BaseUrlGiven", {"Ref": "BaseUrl"}, {"Fn::If": [_GIVEN, _DOMAIN_URL, _API_URL]}]}
"""The address that mails and links name."""


def with_domain(template: Template) -> Template:
    """Return the template with the domain, which is there if the parameters say so."""
    return {
        **template,
        "Parameters": {**template["Parameters"], **_PARAMETERS},
        "Rules": {**template.get("Rules", {}), **_RULES},
        "Conditions": {
            **template["Conditions"],
            _GIVEN: {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]},
        },
        "Resources": {
            **template["Resources"],
            **_RESOURCES,
            "Media": _open_to_own_pages(template["Resources"]["Media"]),
        },
        "Outputs": {
            **template["Outputs"],
            "DomainTarget": {"Condition": _GIVEN, "Value": {"Fn::GetAtt": ["Domain", "RegionalDomainName"]}},
        },
    }


_PARAMETERS = {
    "DomainName": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"^(([a-z0-9-]+\.)+[a-z]{2,})?$",
        "Description": "A domain of the API's own, such as library.example.org; none: the address that Amazon gives",
    },
    "CertificateArn": {
        "Type": "String",
        "Default": "",
        "Description": "The certificate of DomainName, in ACM, in the stack's region",
    },
}
_RULES = {
    "DomainHasCertificate": {
        "RuleCondition": {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]},
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]},
                "AssertDescription": "DomainName needs CertificateArn, a certificate of ACM in the stack's region.",
            }
        ],
    }
}
_RESOURCES: dict[str, Any] = {
    "Domain": {
        "Type": "AWS::ApiGateway::DomainName",
        "Condition": _GIVEN,
        "Properties": {
            "DomainName": {"Ref": "DomainName"},
            "RegionalCertificateArn": {"Ref": "CertificateArn"},
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
            "SecurityPolicy": "TLS_1_2",
        },
    },
    "DomainMapping": {
        "Type": "AWS::ApiGateway::BasePathMapping",
        "Condition": _GIVEN,
        "Properties": {
            "DomainName": {"Ref": "Domain"},
            "RestApiId": {"Ref": "RestAPI"},
            "Stage": {"Ref": "RestAPI.Stage"},  # SAM's name for the stage that it makes
        },
    },
}


def _open_to_own_pages(bucket: Template) -> Template:
    """Let the API's own pages send to the bucket wherever they are served: only the cloud knows its address."""
    properties = bucket["Properties"]
    *rules, own = properties["CorsConfiguration"]["CorsRules"]
    condition, of_base_url, _ = own["Fn::If"]
    origins = [{"Fn::If": [_GIVEN, _DOMAIN_URL, {"Ref": "AWS::NoValue"}]}, _API_ORIGIN]
    cors = {
        "CorsRules": [
            *rules,
            {"Fn::If": [condition, of_base_url, {**of_base_url, "AllowedOrigins": origins}]},
        ]
    }
    return {**bucket, "Properties": {**properties, "CorsConfiguration": cors}}
