"""The report as a FHIR R4 Bundle, for a laboratory or hospital system.

The bundle is a *collection*: its DiagnosticReport is the whole finding. A
*document* would ask for a Composition beside it that says the same once more,
and be immutable, while ours is amended.

LOINC, looked up at loinc.org: 24318-8 manual differential panel of blood,
26446-5 blasts per 100 leukocytes in blood, 44095-8 unidentified cells per 100
leukocytes in blood by manual count, 44096-6 the same by automated count; so a
network's own count carries 44096-6, a reviewed one 44095-8. The network's classes
have no code of their own and are told in words, and so is everything where not
cells but whole fields were counted. Specimen and method are words, too.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from edgeall.report.rows import DISCLAIMER

if TYPE_CHECKING:
    from edgeall.report.slide_report import SlideReport, When
    from edgeall.slide.reading import Proportion

_Json: TypeAlias = dict[str, object]

_LOINC: Final = "http://loinc.org"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem"
_PANEL: Final = ("24318-8", "Manual Differential panel - Blood")
_BLASTS: Final = ("26446-5", "Blasts/100 leukocytes in Blood")
_UNKNOWN_BY_EYE: Final = ("44095-8", "Unidentified cells/Leukocytes in Blood by Manual count")
_UNKNOWN_BY_MACHINE: Final = (
    "44096-6",
    "Unidentified cells/Leukocytes in Blood by Automated count",
)

_OURS: Final = uuid.UUID("6f0a3a0e-6f0d-4d27-9b2e-3d1b6c1d5a11")
"""Under this name the ids of one record's resources are derived from its code."""


def fhir_json(report: SlideReport) -> bytes:
    """Return a slide's report as indented JSON, UTF-8."""
    return msgspec.json.format(msgspec.json.encode(fhir_bundle(report)), indent=2) + b"\n"


def fhir_bundle(report: SlideReport) -> object:
    """Return a slide's report as a Bundle of plain dictionaries."""
    observations = {f"observation-{number}": o for number, o in enumerate(_observations(report))}
    resources = {
        "report": _diagnostic_report(report, list(observations)),
        **observations,
        "specimen": _specimen(report),
        "device": _device(report),
    }
    if report.signed is not None and report.identified:
        resources["provenance"] = _provenance(report, ["report", *observations])
    return _without_absent(
        {
            "resourceType": "Bundle",
            "id": _id(report, "bundle"),
            "identifier": {"system": "urn:ietf:rfc:3986", "value": _url(report, "bundle")},
            "type": "collection",
            "timestamp": _instant(_newest(report)),
            "entry": [
                {"fullUrl": _url(report, name), "resource": {**resource, "id": _id(report, name)}}
                for name, resource in resources.items()
            ],
        }
    )


def _diagnostic_report(report: SlideReport, observations: list[str]) -> _Json:
    signer = _text(report.signed.signer) if report.signed else None
    clinic = _text(report.clinic)
    return {
        "resourceType": "DiagnosticReport",
        "identifier": [
            {"type": {"text": "stored record"}, "value": f"{report.code}/{report.version}"}
        ],
        "status": report.status,
        "category": [_coded(f"{_TERMS}/v2-0074", "HM", "Hematology")],
        "code": _concept(report, _PANEL, "White cell differential of a blood smear, for blasts"),
        "subject": _patient(report),
        "effectiveDateTime": _date_time(report.begun),
        "issued": _instant(_newest(report)),
        "performer": [{"display": clinic}] if clinic else None,
        "resultsInterpreter": [{"display": signer}] if signer else None,
        "specimen": [_reference(report, "specimen")],
        "result": [_reference(report, name) for name in observations],
        "conclusion": _conclusion(report),
    }


def _conclusion(report: SlideReport) -> str:
    sentences = [] if report.signed else ["Preliminary: nobody has signed this; it is no result."]
    sentences.append(f"Flags: {', '.join(report.flags) or 'none'}.")
    if report.signed:
        sentences += [_text(report.signed.comment) or ""]
    if not (report.begun.synchronised and report.read.synchronised):
        sentences.append("The device's clock was not known to be synchronised.")
    sentences.append(f"This {DISCLAIMER}.")
    return " ".join(filter(None, sentences))


def _observations(report: SlideReport) -> Iterator[_Json]:
    """Yield the blasts, each class, and what is unidentified."""
    counts, unit = report.counts, report.reading.unit
    yield _blasts(report)
    for label, count in counts.differential:
        concept: _Json = {"text": f"{_text(label) or 'class without a name'}, of counted {unit}s"}
        yield _observation(report, concept, _share(count, counts.counted), _count(count))
    coded = _UNKNOWN_BY_EYE if report.reviewed else _UNKNOWN_BY_MACHINE
    concept = _concept(report, coded, f"Unidentified {unit}s, of counted {unit}s")
    share = _share(counts.unidentified, counts.counted)
    yield _observation(report, concept, share, _count(counts.unidentified))


def _blasts(report: SlideReport) -> _Json:
    unit, blasts = report.reading.unit, report.counts.blasts
    concept = _concept(report, _BLASTS, f"Blasts, of identified {unit}s")
    if blasts is None:
        return _observation(report, concept, None, [])
    components = [
        *_count(blasts.count),
        _component(f"identified {unit}s", _quantity(blasts.total, "{cells}")),
        *_limits(blasts),
    ]
    by_network = report.reading.blasts
    if report.reviewed and by_network:
        share = _share(by_network.count, by_network.total)
        components.append(_component("blasts by the network, before review", share))
    return _observation(report, concept, _share(blasts.count, blasts.total), components)


def _limits(share: Proportion) -> list[_Json]:
    return [
        _component("95% interval (Clopper-Pearson), lower limit", _percent(share.low)),
        _component("95% interval (Clopper-Pearson), upper limit", _percent(share.high)),
    ]


def _observation(
    report: SlideReport, concept: _Json, value: _Json | None, components: list[_Json]
) -> _Json:
    signer = _text(report.signed.signer) if report.signed else None
    how = "reviewed by a person" if report.reviewed else "not reviewed by a person"
    return {
        "resourceType": "Observation",
        "status": report.status,
        "category": [_coded(f"{_TERMS}/observation-category", "laboratory", "Laboratory")],
        "code": concept,
        "subject": _patient(report),
        "effectiveDateTime": _date_time(report.begun),
        "performer": [{"display": signer}] if signer else None,
        "valueQuantity": value,
        "dataAbsentReason": None
        if value
        else _coded(f"{_TERMS}/data-absent-reason", "unknown", "Unknown"),
        "method": {"text": f"Classified by a neural network, {how}"},
        "specimen": _reference(report, "specimen"),
        "device": _reference(report, "device"),
        "component": components or None,
    }


def _specimen(report: SlideReport) -> _Json:
    slide = _text(report.slide_id) or "not given"
    return {
        "resourceType": "Specimen",
        "identifier": [{"type": {"text": "slide"}, "value": slide}],
        "type": {"text": "Blood smear"},
        "subject": _patient(report),
    }


def _device(report: SlideReport) -> _Json:
    identity = _text(report.device_id)
    return {
        "resourceType": "Device",
        "identifier": [{"type": {"text": "device"}, "value": identity}] if identity else None,
        "deviceName": [{"name": "edgeall", "type": "model-name"}],
        "type": {"text": "Microscope that classifies white cells with a neural network"},
        "version": [
            {"type": {"text": "software"}, "value": report.software},
            {"type": {"text": "network"}, "value": _text(report.bundle) or "not known"},
            {"type": {"text": "sha256 of the network"}, "value": report.network_sha256},
        ],
        "note": [{"text": _text(report.model_card) or "No model card."}],
    }


def _provenance(report: SlideReport, targets: list[str]) -> _Json:
    signed = report.signed
    assert signed is not None
    participant = f"{_TERMS}/provenance-participant-type"
    return {
        "resourceType": "Provenance",
        "target": [_reference(report, name) for name in targets],
        "recorded": _instant(signed.at),
        "reason": [{"text": _text(signed.reason)}] if _text(signed.reason) else None,
        "activity": {"text": f"Signature of version {signed.version}"},
        "agent": [
            {
                "type": _coded(participant, "attester", "Attester"),
                "who": {"display": _text(signed.signer) or "not given"},
            },
            {
                "type": _coded(participant, "assembler", "Assembler"),
                "who": _reference(report, "device"),
            },
        ],
    }


def _patient(report: SlideReport) -> _Json | None:
    identity = _text(report.patient_id or "")
    return {"type": "Patient", "identifier": {"value": identity}} if identity else None


def _concept(report: SlideReport, coded: tuple[str, str], words: str) -> _Json:
    """Return a LOINC concept; words alone where not cells but whole fields were counted."""
    if report.reading.unit != "cell":
        return {"text": words}
    return {**_coded(_LOINC, *coded), "text": words}


def _coded(system: str, code: str, display: str) -> _Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _component(words: str, value: _Json | None) -> _Json:
    return {"code": {"text": words}, "valueQuantity": value}


def _count(count: int) -> list[_Json]:
    return [_component("count", _quantity(count, "{cells}"))]


def _share(count: int, total: int) -> _Json | None:
    return _percent(count / total) if total else None


def _percent(share: float) -> _Json:
    return _quantity(round(100 * share, 2), "%")


def _quantity(value: float, code: str) -> _Json:
    return {
        "value": value,
        "unit": code.strip("{}"),
        "system": "http://unitsofmeasure.org",
        "code": code,
    }


def _newest(report: SlideReport) -> When:
    return report.signed.at if report.signed else report.read


def _instant(when: When) -> str | None:
    """Return a moment; None where only its year is told."""
    return None if when.year_only else _date_time(when)


def _date_time(when: When) -> str:
    return str(when.at.year).zfill(4) if when.year_only else f"{when.at.astimezone(UTC):%FT%TZ}"


def _reference(report: SlideReport, name: str) -> _Json:
    return {"reference": _url(report, name)}


def _url(report: SlideReport, name: str) -> str:
    return f"urn:uuid:{_id(report, name)}"


def _id(report: SlideReport, name: str) -> str:
    return str(uuid.uuid5(_OURS, f"{report.code}/{report.version}/{name}"))


def _text(text: str) -> str | None:
    """Return text without what FHIR allows in no string; None where nothing is left."""
    kept = (
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in ("Cc", "Cs") else sign
        for sign in text
    )
    return "".join(kept).strip() or None


def _without_absent(value: object) -> object:
    """Return a resource without its empty properties: FHIR has no null."""
    if isinstance(value, dict):
        return {name: _without_absent(entry) for name, entry in value.items() if entry is not None}
    return [_without_absent(entry) for entry in value] if isinstance(value, list) else value
