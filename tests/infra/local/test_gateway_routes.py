from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway_routes import Match, RouteTable

TABLE = RouteTable(
    ["/", "/v1/files", "/v1/files/{id}", "/v1/files/export.csv", "/v1/files/{id}/links", "/{any}/here"]
)


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/", "/"),
        ("/v1/files", "/v1/files"),
        ("/v1/files/", "/v1/files"),
        ("/v1/files/7", "/v1/files/{id}"),
        ("/v1/files/export.csv", "/v1/files/export.csv"),
        ("/v1/files/export.csv/links", "/v1/files/{id}/links"),
        ("/v1/here", "/{any}/here"),
        ("/v1", None),
        ("/v1/files/7/links/8", None),
        ("/v1/files//links", None),
    ],
)
def test_a_literal_beats_a_parameter_and_dead_ends_are_backed_out_of(path: str, resource: str | None) -> None:
    match = TABLE.match(path)
    assert (match and match.resource) == resource


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives_as_a_path_parameter(text: str) -> None:
    found = TABLE.match(f"/v1/files/{quote(text, safe='')}/links")
    assert found == Match("/v1/files/{id}/links", {"id": text})


def test_greedy_routes_are_refused() -> None:
    with pytest.raises(ValueError, match="name every route"):
        RouteTable(["/{proxy+}"])
