"""Categories."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib.api.bulk import BulkJobView, job_answer
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.fields import Id, plain
from chalicelib.api.models import Input, Output, Resource
from chalicelib.api.request import Call
from chalicelib.catalogue.categories import (
    Category,
    CategoryChanged,
    CategoryExists,
    CategoryNotFound,
    CategoryUnknown,
)

route = Routes("Categories")

CategoryName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S"), AfterValidator(plain)]


class CategoryView(Resource):
    """A category; `files` is null where they were not counted."""

    id: str
    name: str
    files: int | None
    shared: bool
    """Whether admins have made it for everybody; only they change it."""
    created_at: datetime


class CategoryList(Output):
    """All categories by name."""

    items: list[CategoryView]
    next_cursor: None = None
    total: int


class CategoryFields(Input):
    """What one says of a category."""

    name: CategoryName


class CategoryRemoval(Input):
    """Where the files go: to another category, or, when it is left out, to none."""

    move_to: Id | None = None


@route(
    "GET /v1/categories",
    who=Who.USER,
    returns=CategoryList,
    summary="List one's categories and those for everybody, with the counts of one's own files",
)
def list_categories(call: Call) -> CategoryList:
    found = call.library.files.catalogue.categories.all(call.caller)
    return CategoryList(items=[CategoryView.model_validate(one) for one in found], total=len(found))


@route(
    "POST /v1/categories",
    who=Who.WRITER,
    status=201,
    returns=CategoryView,
    errors=(CategoryExists,),
    summary="Make a category",
)
def make_category(call: Call, body: CategoryFields) -> CategoryView:
    return CategoryView.model_validate(call.library.files.catalogue.categories.add(call.caller, body.name))


@route(
    "PATCH /v1/categories/{category_id}",
    who=Who.WRITER,
    returns=CategoryView,
    errors=(CategoryNotFound, CategoryExists, CategoryChanged),
    summary="Rename a category; its files stay in it",
)
def rename_category(call: Call, category_id: str, body: CategoryFields) -> CategoryView:
    renamed = call.library.files.catalogue.categories.rename(
        call.caller, category_id, body.name, call.expected_version
    )
    return uncounted(renamed)


@route(
    "DELETE /v1/categories/{category_id}",
    who=Who.WRITER,
    returns=BulkJobView,
    also={202: BulkJobView},
    errors=(CategoryNotFound, CategoryUnknown, CategoryChanged),
    summary="Delete a category; its files go to another one or to none",
)
def delete_category(call: Call, category_id: str, query: CategoryRemoval) -> Answer:
    category = call.library.files.catalogue.categories.get(call.caller, category_id)
    if call.expected_version not in {None, category.version}:
        raise CategoryChanged("The category has changed since you read it. Read it again and repeat.")
    return job_answer(call.library.organising.delete_category(call.caller, category, query.move_to))


def uncounted(category: Category) -> CategoryView:
    """Render a category whose files were not counted."""
    return CategoryView.model_validate(vars(category) | {"files": None})
