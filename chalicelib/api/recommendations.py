"""Recommendations: what goes with a file, and why; and what looks like a picture."""

from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.endpoint import Routes, Who
from chalicelib.api.models import Input, Output
from chalicelib.api.request import Call
from chalicelib.api.views import FileView
from chalicelib.files.models import FileNotFound
from chalicelib.recommendations.service import Recommendation
from chalicelib.recommendations.similar import Likeness, NothingToCompare

route = Routes("Files")


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


class HowAlike(Input):
    """In how many of 64 bits the perceptual hashes may differ, and how many pictures at most.

    0 to 4: the same picture in other sizes and qualities; 10: also cropped by a few percent or retouched; beyond, what
    has the same composition.
    """

    max_distance: Annotated[int, Field(ge=0, le=16)] = 10
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class SimilarView(FileView):
    """A picture that looks like another, and in how many of 64 bits their hashes differ."""

    distance: int

    @classmethod
    def of_likeness(cls, one: Likeness) -> Self:
        """Render a picture."""
        return cls(**vars(FileView.of(one.seen.file, one.seen.held)), distance=one.distance)


class SimilarList(Output):
    """Pictures that look like another, the most alike first."""

    items: list[SimilarView]


@route(
    "GET /v1/files/{file_id}/similar",
    who=Who.USER,
    returns=SimilarList,
    errors=(FileNotFound, NothingToCompare),
    summary="Find near-duplicates of a picture: among one's own, and those most lately shared with one",
)
def similar_files(call: Call, file_id: str, query: HowAlike) -> SimilarList:
    found = call.library.similar.to(call.caller, file_id, most=query.max_distance, limit=query.limit)
    return SimilarList(items=[SimilarView.of_likeness(one) for one in found])
