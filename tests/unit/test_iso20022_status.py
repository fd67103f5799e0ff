"""What became of payment orders: paid only where the bank says so, unknown wherever it can't be told."""

from __future__ import annotations

import pytest

from chainfin.connectors.iso20022 import status
from chainfin.connectors.iso20022.status import NOTHING, Status, StatusReport
from chainfin.errors import BadInput
from chainfin.rules.bank_order import Standing
from tests.unit.bank_samples import NAMESPACE, assert_valid

REASON = "<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>账号</AddtlInf><AddtlInf>有误</AddtlInf></StsRsnInf>"


def payment(
    code: str | None, *, instruction: str | None = "I-1", end_to_end: str | None = "E-1", reason: str = ""
) -> str:
    return (
        "<TxInfAndSts>"
        + ("" if instruction is None else f"<OrgnlInstrId>{instruction}</OrgnlInstrId>")
        + ("" if end_to_end is None else f"<OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId>")
        + ("" if code is None else f"<TxSts>{code}</TxSts>")
        + reason
        + "</TxInfAndSts>"
    )


def order(*payments: str, code: str | None = None, name: str = "P-1") -> str:
    stated = "" if code is None else f"<PmtInfSts>{code}</PmtInfSts>"
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{stated}{''.join(payments)}</OrgnlPmtInfAndSts>"


def report(*orders: str, code: str | None = None, original: str = "pain.001.001.09", reason: str = "") -> bytes:
    return (
        f'<Document xmlns="{NAMESPACE}pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>ANS-1</MsgId>'
        "<CreDtTm>2026-03-02T10:00:00+08:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>MSG-1</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{original}</OrgnlMsgNmId>{'' if code is None else f'<GrpSts>{code}</GrpSts>'}{reason}"
        f"</OrgnlGrpInfAndSts>{''.join(orders)}</CstmrPmtStsRpt></Document>"
    ).encode()


def read(data: bytes) -> StatusReport:
    return status.read(data, source="s.xml")


def of(data: bytes) -> Status:
    return read(data).of("MSG-1", "P-1", "I-1", "E-1")


@pytest.mark.parametrize(
    ("code", "standing"),
    [
        ("ACSC", "paid"),
        ("ACCP", "in_flight"),
        ("ACTC", "in_flight"),
        ("ACSP", "in_flight"),
        ("ACWC", "in_flight"),
        ("PDNG", "in_flight"),
        ("RJCT", "refused"),
        ("ACCC", "unknown"),
        ("RCVD", "unknown"),
        ("PART", "unknown"),
        ("acsc", "unknown"),
        ("XXXX", "unknown"),
    ],
)
def test_of__each_status__means_no_more_than_it_says(code: str, standing: str) -> None:
    for data in (report(order(payment(code))), report(order(code=code)), report(code=code)):
        found = of(data)
        assert (found.standing, found.code) == (standing, code)


def test_read__refused__its_reason_in_code_and_words() -> None:
    found = read(report(order(payment("RJCT", reason=REASON))))
    assert found.payments[0].status == Status("RJCT", ("AC01",), "账号 有误")
    assert (found.id, found.original_message_id, found.parked) == ("ANS-1", "MSG-1", ())
    assert of(report(code="RJCT", reason=REASON)).reasons == ("AC01",)


def test_read__samples__valid_by_the_official_schema() -> None:
    # No package carries version 10; the elements used here are the same in version 12.
    data = report(order(payment("RJCT", reason=REASON), code="PART"), code="PART")
    assert_valid(data.replace(b"pain.002.001.10", b"pain.002.001.12"), "pain001", "pain002/schemas/pain.002.001.12.xsd")


@pytest.mark.parametrize(
    ("data", "standing"),
    [
        # the narrowest word counts
        (report(order(payment("ACSC"), code="ACSP"), code="ACCP"), "paid"),
        (report(order(payment("RJCT"), code="PART"), code="PART"), "refused"),
        (report(order(payment(None), code="ACSP"), code="ACCP"), "in_flight"),
        (report(order(payment("ACSC", instruction=None))), "paid"),
        (report(order(payment("ACSC", end_to_end=None))), "paid"),
        (report(order(payment("ACSC"), payment("ACSC"))), "paid"),
        (report(order(payment("RJCT", instruction="I-2", end_to_end="E-2"), payment("ACSC"))), "paid"),
        (report(order(code="RJCT", name="P-2"), order(code="ACSP")), "in_flight"),
        # contradictions are nobody's word
        (report(order(payment("ACSC"), code="RJCT")), "unknown"),
        (report(order(payment("ACSP")), code="RJCT"), "unknown"),
        (report(order(payment("RJCT")), code="ACSC"), "unknown"),
        (report(order(payment("ACSP")), code="ACSC"), "unknown"),
        (report(order(payment("ACSC"), payment("RJCT"))), "unknown"),
        (report(order(code="ACSC"), order(code="RJCT")), "unknown"),
        (report(order(payment("ACSC", end_to_end="E-2"))), "unknown"),
        (report(order(payment("RJCT", instruction="I-2")), code="ACSC"), "unknown"),
        # nothing said of it
        (report(), "unknown"),
        (report(order(payment("ACSC"), name="P-2")), "unknown"),
        (report(order(payment("ACSC", instruction="I-2", end_to_end="E-2"))), "unknown"),
        (report(order(payment("ACSC", instruction=None, end_to_end=None)), code="ACSC"), "unknown"),
    ],
)
def test_of__several_words__the_narrowest_unless_they_contradict(data: bytes, standing: str) -> None:
    assert of(data).standing == standing


def test_of__another_message_of_ours__nothing() -> None:
    assert read(report(code="ACSC")).of("MSG-2", "P-1", "I-1", "E-1") == NOTHING


@pytest.mark.parametrize("original", ["pain.001.001.03", "pain.008.001.08", "PAIN.001.001.09", "", "pain.001"])
def test_read__answers_another_kind_of_message__parked_whole(original: str) -> None:
    found = read(report(order(payment("ACSC")), code="ACSC", original=original))
    assert [part.code for part in found.parked] == ["original_message_unknown" if original else "element_missing"]
    assert (found.payments, found.infos, found.group) == ((), (), NOTHING)
    assert found.of("MSG-1", "P-1", "I-1", "E-1").standing is Standing.UNKNOWN


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (payment("ACSC", instruction=None, end_to_end=None), "payment_unnamed"),
        (payment("ACSCX"), "text_too_long"),
        (payment("ACSC</TxSts><TxSts>RJCT"), "element_repeated"),
        (payment("ACSC", end_to_end="x" * 36), "text_too_long"),
    ],
)
def test_read__odd_row__parked_and_the_next_is_read(row: str, code: str) -> None:
    found = read(report(order(row, payment("ACSC", instruction="I-2", end_to_end="E-2"))))
    assert [part.code for part in found.parked] == [code]
    assert found.of("MSG-1", "P-1", "I-2", "E-2").standing is Standing.PAID


def test_read__order_without_its_id__parked_and_the_next_is_read() -> None:
    found = read(report(order(payment("ACSC"), name=""), order(payment("RJCT"))))
    assert [part.code for part in found.parked] == ["element_missing"]
    assert found.of("MSG-1", "P-1", "I-1", "E-1").standing is Standing.REFUSED


@pytest.mark.parametrize(
    "data", [report().replace(b"002.001.10", b"002.001.03"), report().replace(b"CstmrPmtStsRpt", b"Rpt"), b"<a/>"]
)
def test_read__another_message__message_kind_unknown(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        read(data)
    assert caught.value.code == "message_kind_unknown"
