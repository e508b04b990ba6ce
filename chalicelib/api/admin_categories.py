"""Categories for everybody, which admins make."""

from chalicelib.api.bulk import BulkJobView, job_answer
from chalicelib.api.categories import CategoryFields, CategoryList, CategoryRemoval, CategoryView, uncounted
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.request import Call
from chalicelib.catalogue.categories import (
    Categories,
    CategoryChanged,
    CategoryExists,
    CategoryNotFound,
    CategoryUnknown,
)

route = Routes("Administration")


@route(
    "GET /v1/admin/categories",
    who=Who.ADMIN,
    returns=CategoryList,
    summary="List the categories for everybody, with everybody's counts as they were added up last",
)
def list_shared_categories(call: Call) -> CategoryList:
    found = _categories(call).for_everybody()
    return CategoryList(items=[CategoryView.model_validate(one) for one in found], total=len(found))


@route(
    "POST /v1/admin/categories",
    who=Who.ADMIN,
    status=201,
    returns=CategoryView,
    errors=(CategoryExists,),
    summary="Make a category for everybody",
)
def make_shared_category(call: Call, body: CategoryFields) -> CategoryView:
    return CategoryView.model_validate(_categories(call).add(call.caller, body.name, shared=True))


@route(
    "PATCH /v1/admin/categories/{shared_category_id}",
    who=Who.ADMIN,
    returns=CategoryView,
    errors=(CategoryNotFound, CategoryExists, CategoryChanged),
    summary="Rename a category for everybody; its files stay in it",
)
def rename_shared_category(call: Call, shared_category_id: str, body: CategoryFields) -> CategoryView:
    rename = _categories(call).rename
    return uncounted(rename(call.caller, shared_category_id, body.name, call.expected_version, shared=True))


@route(
    "DELETE /v1/admin/categories/{shared_category_id}",
    who=Who.ADMIN,
    status=202,
    returns=BulkJobView,
    also={200: BulkJobView},
    errors=(CategoryNotFound, CategoryUnknown, CategoryChanged),
    summary="Delete a category for everybody; all owners' files go to another such one or to none, in the background",
)
def delete_shared_category(call: Call, shared_category_id: str, query: CategoryRemoval) -> Answer:
    category = _categories(call).get(call.caller, shared_category_id, shared=True)
    return job_answer(call.library.organising.delete_category(call.caller, category, query.move_to))


def _categories(call: Call) -> Categories:
    return call.library.files.catalogue.categories
