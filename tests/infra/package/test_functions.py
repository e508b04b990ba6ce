from copy import deepcopy
from pathlib import Path

import pytest
from chalice.app import Blueprint, Chalice

from app import app
from chalicelib.settings import Settings
from infra.local.event_sources import queue_sources, schedules, upper_snake
from infra.local.stack import environment_of
from infra.package.functions import CannotPackage, Template, functions_of, of_type, read_template
from infra.package.merge import SETTINGS, environment, merge_template

TEMPLATE = read_template(Path(__file__).parents[3] / "infra" / "template.yaml")


def app_with_a_queue(queue: str) -> Chalice:
    made = Chalice("small")
    doors = Blueprint(__name__)
    doors.on_sqs_message(queue=queue, name=queue)(lambda event: event)
    made.register_blueprint(doors)
    return made


def without(template: Template, section: str, name: str) -> Template:
    changed = deepcopy(template)
    del changed[section][name]
    return changed


def test_every_handler_that_the_app_registered_is_a_function() -> None:
    functions = functions_of(app, TEMPLATE)
    workers = {source.function_name for source in queue_sources(app).values()}
    ticks = {schedule.function_name for schedule in schedules(app)}
    assert {function.name for function in functions} == {"api"} | workers | ticks
    assert all(function.role in TEMPLATE["Resources"] for function in functions)


def test_a_function_without_a_role_is_not_packaged() -> None:
    with pytest.raises(CannotPackage, match="needs a resource ExtractionRole"):
        functions_of(app_with_a_queue("extraction"), without(TEMPLATE, "Resources", "ExtractionRole"))


def test_a_function_whose_queue_is_not_in_the_template_is_not_packaged() -> None:
    with pytest.raises(CannotPackage, match="no output ExtractionQueueUrl"):
        functions_of(app_with_a_queue("extraction"), without(TEMPLATE, "Outputs", "ExtractionQueueUrl"))


def test_a_function_never_takes_the_name_of_another_resource() -> None:
    changed = deepcopy(TEMPLATE)
    changed["Resources"]["Extraction"] = {"Type": "AWS::SNS::Topic"}
    with pytest.raises(CannotPackage, match="has a resource Extraction"):
        functions_of(app_with_a_queue("extraction"), changed)


def test_functions_read_the_variables_that_make_run_gives_its_processes() -> None:
    local = environment_of({name: name for name in TEMPLATE["Outputs"]})
    needed = {f"MEDIATHEQUE_{name.upper()}" for name in Settings.required()}
    packaged = environment(TEMPLATE)
    assert needed <= set(packaged)
    assert packaged["MEDIATHEQUE_BUCKET_NAME"] == {"Ref": "Media"}
    assert all(packaged[name] == TEMPLATE["Outputs"][local[name]]["Value"] for name in needed)


def test_limits_are_parameters_whose_defaults_are_the_settings_own() -> None:
    merged = merge_template(app, TEMPLATE, functions_of(app, TEMPLATE), "c0ffee")
    variables = merged["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    names = {
        "QuotaBytes",
        "SizeLimits",
        "AllowedExtensions",
        "Rates",
        "RouteMetrics",
        "RegistrationOpen",
        "RequireVerifiedEmail",
    }
    assert names == set(SETTINGS)
    for name in SETTINGS:
        assert variables[f"MEDIATHEQUE_{upper_snake(name)}"] == {"Ref": name}
    needed = {f"MEDIATHEQUE_{name.upper()}": "x" for name in Settings.required()}
    given = {f"MEDIATHEQUE_{upper_snake(name)}": str(about["Default"]) for name, about in SETTINGS.items()}
    assert Settings.from_environment(needed | given) == Settings.from_environment(needed)
    [throttle] = merged["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    assert throttle["ThrottlingRateLimit"] == throttle["ThrottlingBurstLimit"] == {"Ref": "RequestsPerSecond"}
    assert merged["Parameters"]["RequestsPerSecond"]["Default"] == 200


def test_a_worker_gets_its_queue_partial_failures_and_only_the_layers_it_asks_for() -> None:
    functions = functions_of(app, TEMPLATE)
    merged = merge_template(app, TEMPLATE, functions, "c0ffee")["Resources"]
    extraction = merged["Extraction"]["Properties"]
    event = extraction["Events"]["ExtractionSqsEventSource"]["Properties"]
    assert event["Queue"] == {"Fn::Sub": "${ExtractionQueue.Arn}"}
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert extraction["Layers"] == [{"Ref": "ImagingLayer"}, {"Ref": "FfprobeLayer"}]
    assert extraction["Environment"]["Variables"]["MEDIATHEQUE_COMMIT"] == "c0ffee"
    assert "Layers" not in merged["Jobs"]["Properties"]
    assert extraction["Role"] != merged["APIHandler"]["Properties"]["Role"]


def test_the_api_gets_what_signs_for_cloudfront_only_where_there_is_a_distribution() -> None:
    merged = merge_template(app, TEMPLATE, functions_of(app, TEMPLATE), "c0ffee")["Resources"]
    signing = {"Fn::If": ["Cdn", {"Ref": "SigningLayer"}, {"Ref": "AWS::NoValue"}]}
    assert merged["APIHandler"]["Properties"]["Layers"] == [signing]
    assert merged["SigningLayer"]["Condition"] == "Cdn"


def test_everything_that_can_fail_is_watched() -> None:
    functions = functions_of(app, TEMPLATE)
    merged = merge_template(app, TEMPLATE, functions, "c0ffee")
    alarms = dict(of_type(merged, "AWS::CloudWatch::Alarm"))
    queues = {name for name, _ in of_type(merged, "AWS::SQS::Queue")}
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in alarms.values()
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "QueueName"
    }
    assert watched == queues
    for function in functions:
        assert {f"{function.resource}Errors", f"{function.resource}Throttles"} <= set(alarms)
        assert merged["Resources"][f"{function.resource}Logs"]["Properties"]["RetentionInDays"]
