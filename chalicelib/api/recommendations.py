"""Recommendations: what goes with a file, and why."""

from typing import Annotated, Self

from chalice.app import Blueprint
from pydantic import Field

from chalicelib.api.endpoint import Input, Output, Routes, Who
from chalicelib.api.request import Call
from chalicelib.api.views import FileView
from chalicelib.files.models import FileNotFound
from chalicelib.recommendations.service import Recommendation

blueprint = Blueprint(__name__)
route = Routes(blueprint, "Files")


class HowMany(Input):
    """How many files at most."""

    limit: Annotated[int, Field(ge=1, le=20)] = 10


class ReasonsView(Output):
    """Why a file is recommended: the points for tags in common, for the category, and for the time between.

    A rare tag gives more than one that is everywhere. `seconds` between the uploads is null beyond a week.
    """

    tags: list[str]
    by_tags: float
    by_category: float
    by_time: float
    seconds: int | None


class RecommendedView(FileView):
    """A file that goes with another: how well, and why."""

    score: float
    reasons: ReasonsView

    @classmethod
    def of_recommendation(cls, one: Recommendation) -> Self:
        """Render a recommendation."""
        file = FileView.of(one.seen.file, one.seen.held)
        return cls(**vars(file), score=one.why.score, reasons=ReasonsView.model_validate(one.why))


class RecommendedList(Output):
    """Files that go with another: one's own first, the best first."""

    items: list[RecommendedView]


@route(
    "GET /v1/files/{file_id}/recommendations",
    who=Who.USER,
    returns=RecommendedList,
    errors=(FileNotFound,),
    summary="Find what goes with a file: by tags in common (rare ones say more), category and nearness in time",
)
def recommend_files(call: Call, file_id: str, query: HowMany) -> RecommendedList:
    found = call.library.recommendations.of(call.caller, file_id, limit=query.limit)
    return RecommendedList(items=[RecommendedView.of_recommendation(one) for one in found])
