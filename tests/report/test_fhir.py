from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeall.report.fhir import fhir_json
from edgeall.report.slide_report import When, deidentified


def resources(report) -> dict[str, list[dict]]:
    """Return a report's resources by type, validated by the library's models."""
    written = fhir_json(report)
    Bundle.model_validate_json(written)
    found: dict[str, list[dict]] = {}
    for entry in json.loads(written)["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


def codes(resource: dict) -> list[str]:
    return [coding["code"] for coding in resource["code"].get("coding", ())]


@pytest.mark.parametrize(
    ("version", "status"), [(0, "preliminary"), (1, "final"), (2, "amended"), (7, "amended")]
)
def test_only_a_signature_makes_a_result(make_report, version, status):
    found = resources(make_report(signed_version=version))
    (report,) = found["DiagnosticReport"]
    assert report["status"] == status
    assert {observation["status"] for observation in found["Observation"]} == {status}
    assert ("Provenance" in found) == (version > 0)
    assert ("no result" in report["conclusion"]) == (version == 0)


def test_a_differential_is_a_panel_of_observations(make_report):
    found = resources(make_report())
    (report,) = found["DiagnosticReport"]
    assert codes(report) == ["24318-8"]
    assert report["identifier"][0]["value"] == "0123456789abcdef/0"
    assert len(report["result"]) == len(found["Observation"]) == 4
    blasts, normal, _, unidentified = found["Observation"]
    assert codes(blasts) == ["26446-5"]
    assert blasts["valueQuantity"]["value"] == 21.05
    assert [part["valueQuantity"]["value"] for part in blasts["component"]] == [8, 38, 9.55, 37.32]
    assert codes(normal) == []
    assert normal["code"]["text"] == "normal, of counted cells"
    assert normal["valueQuantity"]["value"] == 75
    assert codes(unidentified) == ["44096-6"]


def test_a_reviewed_differential_says_so_and_what_the_network_said(make_report):
    found = resources(make_report(reviewed=True))
    blasts, *_, unidentified = found["Observation"]
    assert blasts["valueQuantity"]["value"] == 15.79
    assert blasts["component"][-1]["valueQuantity"]["value"] == 21.05
    assert codes(unidentified) == ["44095-8"]
    assert "reviewed by a person" in blasts["method"]["text"]


def test_whole_fields_are_not_coded_as_leukocytes(make_report):
    report = make_report()
    fields = replace(report, reading=replace(report.reading, unit="field"))
    assert not any(codes(observation) for observation in resources(fields)["Observation"])


def test_the_device_names_its_network_and_the_signer_attests(make_report):
    found = resources(make_report(signed_version=2))
    (device,), (provenance,) = found["Device"], found["Provenance"]
    assert device["identifier"][0]["value"] == "3f2a9c1188"
    assert "ab" * 32 in [version["value"] for version in device["version"]]
    assert provenance["agent"][0]["who"]["display"] == "Dr. Priya"
    assert provenance["recorded"] == "2026-11-22T09:00:00Z"
    assert provenance["reason"][0]["text"] == "wrong class"


def test_every_reference_leads_to_a_resource_of_the_bundle(make_report):
    written = fhir_json(make_report(signed_version=1)).decode()
    urls = set(re.findall(r'"fullUrl": "(.+?)"', written))
    assert set(re.findall(r'"reference": "(.+?)"', written)) <= urls


def test_the_same_report_gives_the_same_bytes_and_another_version_other_ids(make_report):
    assert fhir_json(make_report()) == fhir_json(make_report())
    first, second = (
        resources(make_report(signed_version=version))["DiagnosticReport"][0]["id"]
        for version in (1, 2)
    )
    assert first != second


def test_what_was_not_counted_has_no_value(make_report):
    report = make_report()
    empty = replace(report.reading, counted=0, blasts=None, unidentified=0)
    for observation in resources(replace(report, reading=empty))["Observation"]:
        assert "valueQuantity" not in observation
        assert observation["dataAbsentReason"]["coding"][0]["code"] == "unknown"


def test_a_clock_that_was_not_synchronised_is_told(make_report):
    assert "clock" in resources(make_report())["DiagnosticReport"][0]["conclusion"]
    sure = make_report(read=When(make_report().read.at, True))
    assert "clock" not in resources(sure)["DiagnosticReport"][0]["conclusion"]


def test_a_deidentified_bundle_names_nobody_and_no_day(make_report):
    bare = deidentified(make_report(reviewed=True, signed_version=2))
    found = resources(bare)
    written = fhir_json(bare).decode()
    for hidden in ("S-1", "P-77", "Ada", "Priya", "Güemes", "3f2a9c1188", "-11-2", "02:03"):
        assert hidden not in written
    assert "Provenance" not in found
    assert found["DiagnosticReport"][0]["effectiveDateTime"] == "2026"
    assert found["DiagnosticReport"][0]["status"] == "amended"
    assert found["Specimen"][0]["identifier"][0]["value"] == "0123456789abcdef"


@settings(max_examples=40)
@example(text="\0\x1b\x7f\u202e")
@example(text=" \t\n")
@example(text="x" * 100_000)
@given(text=st.text(max_size=60))
def test_any_text_makes_a_valid_bundle(make_report, text):
    resources(
        make_report(signed_version=2, slide_id=text, patient_id=text, clinic=text, bundle=text)
    )
