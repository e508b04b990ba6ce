"""What may be uploaded, for admins."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from chalicelib.allowances.models import Allowances, AllowancesChanged
from chalicelib.api.endpoint import Routes, Who
from chalicelib.api.models import Input, Resource
from chalicelib.api.request import Call
from chalicelib.extraction.filetypes import EXTENSIONS
from chalicelib.uploads.sizes import DEFAULT_LIMITS, MAX_LIMIT

route = Routes("Administration")

MAX_QUOTA = 1 << 50
FileBytes = Annotated[int, Field(strict=True, gt=0, le=MAX_LIMIT)]


def _known(extensions: list[str]) -> list[str]:
    unknown = sorted(set(extensions) - set(EXTENSIONS))
    if unknown:
        msg = f"has extensions that the library cannot examine: {', '.join(unknown)}"
        raise ValueError(msg)
    return sorted(set(extensions))


class Sizes(Input):
    """The most bytes a file may have, by type; what is left out has its default."""

    image: FileBytes | None = None
    video: FileBytes | None = None
    audio: FileBytes | None = None
    document: FileBytes | None = None


class NewLimits(Input):
    """What may be uploaded; what is left out or null has its default from the settings."""

    sizes: Annotated[Sizes, Field(examples=[DEFAULT_LIMITS])] = Sizes()
    extensions: Annotated[
        Annotated[list[str], Field(min_length=1, max_length=200), AfterValidator(_known)] | None,
        Field(examples=[None]),
    ] = None
    uploads_per_minute: Annotated[
        Annotated[int, Field(strict=True, gt=0, le=1_000_000)] | None, Field(examples=[None])
    ] = None
    default_quota: Annotated[
        Annotated[int, Field(strict=True, ge=0, le=MAX_QUOTA)] | None, Field(examples=[None])
    ] = None

    def values(self) -> dict[str, Any]:
        """Return what is set."""
        return self.model_dump(exclude_none=True)


class LimitsView(Resource):
    """What may be uploaded: bytes a file by type, extensions, uploads a minute and account, bytes an account."""

    sizes: dict[str, int]
    extensions: list[str]
    uploads_per_minute: int
    default_quota: int

    @classmethod
    def of(cls, allowances: Allowances) -> "LimitsView":
        """Render them."""
        return cls.model_validate(vars(allowances) | {"extensions": sorted(allowances.extensions)})


@route("GET /v1/admin/limits", who=Who.ADMIN, returns=LimitsView, summary="Read what may be uploaded")
def read_limits(call: Call) -> LimitsView:
    return LimitsView.of(call.library.allowances.read())


@route(
    "PUT /v1/admin/limits",
    who=Who.ADMIN,
    returns=LimitsView,
    errors=(AllowancesChanged,),
    summary="Set what may be uploaded, for uploads that begin from now on; what is left out has its default",
)
def set_limits(call: Call, body: NewLimits) -> LimitsView:
    values, expected = body.values(), call.expected_version
    return LimitsView.of(call.library.allowances.replace(call.caller, values, expected))
